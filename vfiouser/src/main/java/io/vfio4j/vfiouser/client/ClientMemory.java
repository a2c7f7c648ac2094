// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;

/** Memory of the client that the server reaches by message only. */
final class ClientMemory {

  private record OpaqueMapping(MemorySegment memory, int access) {
  }

  private final ConcurrentSkipListMap<Long, OpaqueMapping> mappings =
      new ConcurrentSkipListMap<>(Long::compareUnsigned);

  /** Pages written by DMA_WRITE while the device's log is on. */
  private final ClientWriteLog writes = new ClientWriteLog();

  /** Held while memory of a mapping is sent or written. */
  private final ReentrantLock lock = new ReentrantLock();

  ClientWriteLog writes() {
    return writes;
  }

  /** Adds memory, before the server may ask for it. Returns what undoes that, if the server refuses. */
  Runnable add(long iova, MemorySegment memory, int access) {
    OpaqueMapping added = new OpaqueMapping(memory, access);
    OpaqueMapping before = mappings.put(iova, added);
    return before == null ? () -> mappings.remove(iova, added) : () -> mappings.put(iova, before);
  }

  /** Removes what lies within a range, as the server does; what was begun with it has ended afterwards. */
  void remove(IovaRange range) {
    lock.lock();
    try {
      mappings.subMap(range.iova(), true, range.last(), true).clear();
    } finally {
      lock.unlock();
    }
  }

  /** Removes all memory, as {@link #remove} does. */
  void removeAll() {
    lock.lock();
    try {
      mappings.clear();
    } finally {
      lock.unlock();
    }
  }

  /** Begins to work with what {@link #find} returns; {@link #unlockMappings} must follow. */
  void lockMappings() {
    lock.lock();
  }

  void unlockMappings() {
    lock.unlock();
  }

  /**
   * Returns memory that the server asks for.
   *
   * @throws ErrnoException EFAULT if it is not mapped, EACCES if it may not be reached so
   */
  MemorySegment find(long iova, long count, int access) throws ErrnoException {
    Map.Entry<Long, OpaqueMapping> entry = mappings.floorEntry(iova);
    if (entry == null || count < 0) {
      throw new ErrnoException(Errno.EFAULT, "0x%x is not mapped".formatted(iova));
    }
    MemorySegment memory = entry.getValue().memory();
    long offset = iova - entry.getKey();
    if (offset < 0 || count > memory.byteSize() || offset > memory.byteSize() - count) {
      throw new ErrnoException(Errno.EFAULT, "0x%x+0x%x is not mapped".formatted(iova, count));
    }
    if ((entry.getValue().access() & access) != access) {
      throw new ErrnoException(Errno.EACCES, "0x%x may not be reached so".formatted(iova));
    }
    return memory.asSlice(offset, count);
  }
}
