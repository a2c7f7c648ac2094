// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.device.StateMemoryFile;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.Structs.StateMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * STATE_MEMORY_EXPORT and STATE_MEMORY_IMPORT: the memories of a device's state go by descriptor, as many in a
 * message as the client accepts.
 */
public final class StateMemoryCommands implements CommandHandlers, AutoCloseable {

  /** Most memories of a device: as many as an import collects. */
  private static final int MAX_MEMORIES = 256;

  private final EmulatedDevice device;
  private final int maxMsgFds;
  private final ReceivedFds imported = new ReceivedFds();
  private final List<Long> sizes = new ArrayList<>();

  public StateMemoryCommands(EmulatedDevice device, int maxMsgFds) {
    this.device = device;
    this.maxMsgFds = maxMsgFds;
  }

  @Override
  public void register(CommandTable table) {
    table.put(Command.STATE_MEMORY_EXPORT, this::exportPart);
    table.put(Command.STATE_MEMORY_IMPORT, this::importPart);
  }

  void exportPart(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(StateMemory.SIZE);
    int flags = request.u32(StateMemory.FLAGS);
    int first = request.u32(StateMemory.FIRST);
    List<StateMemoryFile> all = device.stateMemory();
    if (all.isEmpty() || maxMsgFds < 1) {
      throw new ErrnoException(Errno.ENOTTY, "the memory of this device does not go by descriptor");
    }
    if ((flags & ~StateMemory.OMIT) != 0 || request.u32(StateMemory.COUNT) != 0 || first < 0
        || first >= all.size()) {
      throw new ErrnoException(Errno.EINVAL, "STATE_MEMORY_EXPORT with flags 0x%x from %s of %d".formatted(
          flags, Integer.toUnsignedString(first), all.size()));
    }
    int count = Math.min(maxMsgFds, all.size() - first);
    request.requireArgsz(StateMemory.SIZE, (long) count * Long.BYTES);
    if ((flags & StateMemory.OMIT) != 0) {
      device.omitStateMemory(true);
    }
    List<StateMemoryFile> part = all.subList(first, first + count);
    int size = StateMemory.SIZE + count * Long.BYTES;
    reply.size(size).u32(0, size)
        .u32(StateMemory.FLAGS, first + count == all.size() ? StateMemory.LAST : 0)
        .u32(StateMemory.FIRST, first).u32(StateMemory.COUNT, count)
        .fds(part.stream().map(StateMemoryFile::file).toList());
    for (int i = 0; i < count; i++) {
      reply.u64(StateMemory.SIZE + i * Long.BYTES, part.get(i).size());
    }
  }

  void importPart(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(StateMemory.SIZE);
    int flags = request.u32(StateMemory.FLAGS);
    int first = request.u32(StateMemory.FIRST);
    int count = request.u32(StateMemory.COUNT);
    if ((flags & ~StateMemory.LAST) != 0 || count < 1 || count != request.fds().count()
        || request.size() != StateMemory.SIZE + (long) count * Long.BYTES) {
      throw new ErrnoException(Errno.EINVAL,
          "STATE_MEMORY_IMPORT with flags 0x%x of %s memories with %d descriptors in %d bytes".formatted(
              flags,
              Integer.toUnsignedString(count), request.fds().count(), request.size()));
    }
    if (first == 0) {
      discardImported();
    }
    if (first != imported.count() || first > MAX_MEMORIES - count) {
      throw new ErrnoException(Errno.EINVAL, "memory %s instead of %d".formatted(
          Integer.toUnsignedString(first), imported.count()));
    }
    for (int i = 0; i < count; i++) {
      sizes.add(request.u64(StateMemory.SIZE + i * Long.BYTES));
    }
    imported.takeAll(request.fds());
    reply.echo(request, StateMemory.SIZE);
    if ((flags & StateMemory.LAST) != 0) {
      try {
        checkSizes();
        device.adoptStateMemory(imported.all());
      } finally {
        discardImported();
      }
    }
  }

  /** Compares with the memories of this device, before it maps anything. */
  private void checkSizes() throws ErrnoException {
    List<Long> own = device.stateMemory().stream().map(StateMemoryFile::size).toList();
    if (!own.isEmpty() && !own.equals(sizes)) {
      throw new ErrnoException(Errno.EINVAL,
          "memories of %s bytes for a device with memories of %s bytes".formatted(sizes, own));
    }
  }

  private void discardImported() {
    imported.close();
    sizes.clear();
  }

  /** Ends the connection: a saving session that opens later contains the memories again. */
  @Override
  public void close() {
    discardImported();
    if (!device.state().isSaving()) {
      try {
        device.omitStateMemory(false);
      } catch (ErrnoException e) {
        throw new IllegalStateException("a device that is not being saved refuses to include its memory", e);
      }
    }
  }
}
