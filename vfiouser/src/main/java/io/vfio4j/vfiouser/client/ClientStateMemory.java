// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.StateMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The memories of a device's state, which go by descriptor from one server to another on the same machine
 * (STATE_MEMORY_EXPORT, STATE_MEMORY_IMPORT).
 */
public final class ClientStateMemory {

  private static final Set<Errno> NOT_OFFERED = Set.of(Errno.ENOTTY, Errno.ENOSYS);
  private static final int MAX_MEMORIES = 256;

  private final ClientCalls calls;
  private final int maxMsgFds;

  ClientStateMemory(ClientCalls calls, int maxMsgFds) {
    this.calls = calls;
    this.maxMsgFds = maxMsgFds;
  }

  /**
   * Memories that a server has exported.
   *
   * @param sizes bytes of each
   * @param files a file for each; closed with this
   */
  public record Exported(List<Long> sizes, ReceivedFds files) implements AutoCloseable {

    /** Copies the sizes. */
    public Exported {
      sizes = List.copyOf(sizes);
    }

    @Override
    public void close() {
      files.close();
    }
  }

  /** A part of an export. */
  private record Part(List<Long> sizes, boolean isLast) {
  }

  /**
   * Lets the device's next saving session omit the memories: its state can then be loaded only where they were
   * imported.
   *
   * @throws DeviceException ENOTTY or ENOSYS if the server does not offer this, EBUSY while a saving session is
   *     open
   */
  public void omit() throws DeviceException {
    try (ReceivedFds files = new ReceivedFds()) {
      exportPart(true, 0, files);
    }
  }

  /**
   * Exports the memories.
   *
   * @return the memories, which the caller closes; empty if the server does not offer this
   */
  // Closed by the caller.
  @SuppressWarnings("MustBeClosedChecker")
  public Optional<Exported> export() throws DeviceException {
    return ClientCalls.unlessRefused(NOT_OFFERED, () -> {
      ReceivedFds files = new ReceivedFds();
      try {
        List<Long> sizes = new ArrayList<>();
        boolean isLast = false;
        while (!isLast) {
          Part part = exportPart(false, sizes.size(), files);
          sizes.addAll(part.sizes());
          isLast = part.isLast();
        }
        return new Exported(sizes, files);
      } catch (Throwable t) {
        files.close();
        throw t;
      }
    });
  }

  private Part exportPart(boolean omit, int first, ReceivedFds files) throws DeviceException {
    int room = StateMemory.SIZE + Math.min(maxMsgFds, MAX_MEMORIES) * Long.BYTES;
    return calls.call("STATE_MEMORY_EXPORT", Command.STATE_MEMORY_EXPORT,
        head -> encode(head, room, omit ? StateMemory.OMIT : 0, first, 0), MemorySegment.NULL, reader -> {
          int at = ClientCalls.readBody(reader, StateMemory.SIZE);
          MemorySegment body = reader.buffer().segment();
          int count = body.get(LittleEndian.U32, at + StateMemory.COUNT);
          if (body.get(LittleEndian.U32, at + StateMemory.FIRST) != first || count < 1
              || count > MAX_MEMORIES - first || reader.remaining() != (long) count * Long.BYTES) {
            throw new ProtocolException("STATE_MEMORY_EXPORT: %s memories in %d bytes"
                .formatted(Integer.toUnsignedString(count), reader.remaining()));
          }
          boolean isLast = (body.get(LittleEndian.U32, at + StateMemory.FLAGS) & StateMemory.LAST) != 0;
          int sizesAt = ClientCalls.readBody(reader, count * Long.BYTES);
          List<Long> sizes = new ArrayList<>(count);
          for (int i = 0; i < count; i++) {
            sizes.add(reader.buffer().segment().get(LittleEndian.U64, sizesAt + (long) i * Long.BYTES));
          }
          if (reader.fds().count() != count) {
            throw new ProtocolException("%d memories with %d descriptors".formatted(count,
                reader.fds().count()));
          }
          files.takeAll(reader.fds());
          return new Part(sizes, isLast);
        });
  }

  /**
   * Imports memories into a device in RESUMING. It does not write to them before it runs; a reset before then
   * returns it to its own.
   *
   * @param memories the memories, which stay the caller's
   * @throws DeviceException ENOTTY or ENOSYS if the server does not offer this; EINVAL if the device is in
   *     another state or has other memories
   */
  public void adopt(Exported memories) throws DeviceException {
    if (maxMsgFds < 1) {
      throw new DeviceException(calls.name(), "STATE_MEMORY_IMPORT", Errno.ENOTTY);
    }
    List<Fd> files = memories.files().all();
    for (int first = 0; first < files.size(); first += maxMsgFds) {
      int from = first;
      int end = Math.min(files.size(), first + maxMsgFds);
      calls.call("STATE_MEMORY_IMPORT", Command.STATE_MEMORY_IMPORT, head -> {
        int size = StateMemory.SIZE + (end - from) * Long.BYTES;
        encode(head, size, end == files.size() ? StateMemory.LAST : 0, from, end - from);
        for (int i = from; i < end; i++) {
          head.set(LittleEndian.U64, Header.SIZE + StateMemory.SIZE + (long) (i - from) * Long.BYTES,
              memories.sizes().get(i));
        }
        return size;
      }, MemorySegment.NULL, files.subList(from, end), reader -> Boolean.TRUE);
    }
  }

  private static int encode(MemorySegment head, int argsz, int flags, int first, int count) {
    head.set(LittleEndian.U32, Header.SIZE, argsz);
    head.set(LittleEndian.U32, Header.SIZE + StateMemory.FLAGS, flags);
    head.set(LittleEndian.U32, Header.SIZE + StateMemory.FIRST, first);
    head.set(LittleEndian.U32, Header.SIZE + StateMemory.COUNT, count);
    return StateMemory.SIZE;
  }
}
