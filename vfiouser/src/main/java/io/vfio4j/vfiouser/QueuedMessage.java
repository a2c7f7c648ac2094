// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A command that came while a reply was waited for, put aside with its descriptors. */
final class QueuedMessage implements AutoCloseable {

  private final Arena memory = Arena.ofConfined();
  private final ReceivedFds fds = new ReceivedFds();
  private final int id;
  private final int command;
  private final int flags;
  private final MemorySegment body;

  /** Takes the message that the reader stands at. The caller has checked its size. */
  QueuedMessage(MessageReader reader) throws LinuxException, ProtocolException {
    id = reader.id();
    command = reader.command();
    flags = reader.flags();
    try {
      body = memory.allocate(Math.max(1, reader.remaining())).asSlice(0, reader.remaining());
      reader.read(body);
      fds.takeAll(reader.fds());
    } catch (LinuxException | ProtocolException | RuntimeException e) {
      close();
      throw e;
    }
  }

  int id() {
    return id;
  }

  int command() {
    return command;
  }

  int flags() {
    return flags;
  }

  MemorySegment body() {
    return body;
  }

  ReceivedFds fds() {
    return fds;
  }

  @Override
  public void close() {
    fds.close();
    memory.close();
  }
}
