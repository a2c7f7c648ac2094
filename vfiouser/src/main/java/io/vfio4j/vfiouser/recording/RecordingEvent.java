// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** An event in a recording, as {@link RecordingEventReader} returns it. */
public sealed interface RecordingEvent {

  /** Returns the number of the connection, from 1. */
  int connection();

  /** Returns the time, nanoseconds since the recording started. */
  long nanos();

  /**
   * A client was accepted.
   *
   * @param connection the number of the connection, from 1
   * @param nanos nanoseconds since 1970
   * @param device the name of the device
   */
  record Connected(int connection, long nanos, String device) implements RecordingEvent {
  }

  /**
   * A message was transmitted.
   *
   * @param connection the number of the connection, from 1
   * @param nanos the time of its last byte
   * @param fromClient whether the client sent it
   * @param channel 0 for the socket, 1 for the twin socket
   * @param fds the descriptors sent with it
   * @param bytes header and body, or the part of them that is kept; at least a header
   * @param size the size in its header, bytes
   */
  record Message(int connection, long nanos, boolean fromClient, int channel, List<RecordedFd> fds,
      MemorySegment bytes, long size) implements RecordingEvent {

    /** Decodes the message. */
    public DecodedMessage decode() {
      return DecodedMessage.of(bytes, size);
    }
  }

  /**
   * Bytes were transmitted that do not form a complete message.
   *
   * @param connection the number of the connection, from 1
   * @param nanos the time
   * @param fromClient whether the client sent it
   * @param channel 0 for the socket, 1 for the twin socket
   * @param reason describes the bytes
   */
  record IncompleteMessage(int connection, long nanos, boolean fromClient, int channel,
      String reason) implements RecordingEvent {
  }

  /**
   * The connection ended.
   *
   * @param connection the number of the connection, from 1
   * @param nanos the time
   * @param reason the reason, or empty if the client closed it
   */
  record Disconnected(int connection, long nanos, String reason) implements RecordingEvent {
  }
}
