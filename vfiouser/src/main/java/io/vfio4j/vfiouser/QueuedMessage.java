// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A command that came while a reply was waited for, put aside.
 *
 * @param id the message's id
 * @param command the command's number
 * @param flags the message's flags
 * @param body a copy of the body
 * @param fds the descriptors, taken over
 * @param memory owns the copy
 */
record QueuedMessage(int id, int command, int flags, MemorySegment body, ReceivedFds fds, Arena memory)
    implements AutoCloseable {

  /** Takes the message that the reader stands at. The caller has checked its size. */
  static QueuedMessage of(MessageReader reader) throws LinuxException, ProtocolException {
    Arena memory = Arena.ofConfined();
    ReceivedFds fds = new ReceivedFds();
    try {
      MemorySegment body = memory.allocate(Math.max(1, reader.remaining())).asSlice(0, reader.remaining());
      reader.read(body);
      fds.takeAll(reader.fds());
      return new QueuedMessage(reader.id(), reader.command(), reader.flags(), body, fds, memory);
    } catch (LinuxException | ProtocolException | RuntimeException e) {
      fds.close();
      memory.close();
      throw e;
    }
  }

  @Override
  public void close() {
    fds.close();
    memory.close();
  }
}
