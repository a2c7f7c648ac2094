// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** What {@link RecordingEventReader} finds in a recording. */
public sealed interface RecordingEvent {

  /** Returns the number of the session, from 1. */
  int connection();

  /** Returns when, in nanoseconds since the recording began. */
  long nanos();

  /**
   * A client was let in.
   *
   * @param connection the number of the session, from 1
   * @param nanos nanoseconds since 1970
   * @param device the name of the device
   */
  record Connected(int connection, long nanos, String device) implements RecordingEvent {
  }

  /**
   * A message went.
   *
   * @param connection the number of the session, from 1
   * @param nanos when its last byte went
   * @param fromClient which way
   * @param channel 0 for the socket, 1 for the twin socket
   * @param fds the descriptors that went with it
   * @param bytes header and body, or as much of them as is kept; at least a header
   * @param size the length that its header says, in bytes
   */
  record Message(int connection, long nanos, boolean fromClient, int channel, List<RecordedFd> fds,
      MemorySegment bytes,
      long size) implements RecordingEvent {

    /** Tells what the message says. */
    public DecodedMessage decode() {
      return DecodedMessage.of(bytes, size);
    }
  }

  /**
   * Bytes went that are no whole message.
   *
   * @param connection the number of the session, from 1
   * @param nanos when
   * @param fromClient which way
   * @param channel 0 for the socket, 1 for the twin socket
   * @param reason what is wrong with them, for people
   */
  record IncompleteMessage(int connection, long nanos, boolean fromClient, int channel,
      String reason) implements RecordingEvent {
  }

  /**
   * The session is over.
   *
   * @param connection the number of the session, from 1
   * @param nanos when
   * @param reason why, or empty if the client just left
   */
  record Disconnected(int connection, long nanos, String reason) implements RecordingEvent {
  }
}
