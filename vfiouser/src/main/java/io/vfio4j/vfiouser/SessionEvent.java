// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.vfiouser.recording.RecordedFd;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** What {@link SessionMessages} finds in a recording. */
public sealed interface SessionEvent {

  /** Returns the number of the session, from 1. */
  int session();

  /** Returns when, in nanoseconds since the recording began. */
  long nanos();

  /**
   * A client was let in.
   *
   * @param session the number of the session, from 1
   * @param nanos nanoseconds since 1970
   * @param device the name of the device
   */
  record Begun(int session, long nanos, String device) implements SessionEvent {
  }

  /**
   * A message went.
   *
   * @param session the number of the session, from 1
   * @param nanos when its last byte went
   * @param fromClient which way
   * @param channel 0 for the socket, 1 for the twin socket
   * @param fds the descriptors that went with it
   * @param bytes header and body, or as much of them as is kept; at least a header
   * @param size the length that its header says, in bytes
   */
  record Message(int session, long nanos, boolean fromClient, int channel, List<RecordedFd> fds,
      MemorySegment bytes,
      long size) implements SessionEvent {

    /** Tells what the message says. */
    public DecodedMessage decode() {
      return DecodedMessage.of(bytes, size);
    }
  }

  /**
   * Bytes went that are no whole message.
   *
   * @param session the number of the session, from 1
   * @param nanos when
   * @param fromClient which way
   * @param channel 0 for the socket, 1 for the twin socket
   * @param reason what is wrong with them, for people
   */
  record Remains(int session, long nanos, boolean fromClient, int channel,
      String reason) implements SessionEvent {
  }

  /**
   * The session is over.
   *
   * @param session the number of the session, from 1
   * @param nanos when
   * @param reason why, or empty if the client just left
   */
  record Ended(int session, long nanos, String reason) implements SessionEvent {
  }
}
