// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A record of a recording.
 *
 * @param connection the number of the connection, from 1
 * @param kind the kind of record
 * @param channel 0 for the socket, 1 for the twin socket
 * @param nanos nanoseconds since the recording started; in {@link RecordKind#CONNECTED} since 1970
 * @param fds the descriptors that were sent with the first byte
 * @param data the bytes, read-only
 */
public record RecordingEntry(int connection, RecordKind kind, int channel, long nanos, List<RecordedFd> fds,
    MemorySegment data) {

  /** Returns the data as text, for the kinds whose data is text. */
  public String text() {
    return StandardCharsets.UTF_8.decode(data.asByteBuffer()).toString();
  }
}
