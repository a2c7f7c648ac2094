// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client.memory;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;

/** Memory of the client that the server reads and writes by message. Thread-safe. */
public final class ClientMemory {

  private record OpaqueMapping(MemorySegment memory, int access) {
  }

  private final ConcurrentSkipListMap<Long, OpaqueMapping> mappings =
      new ConcurrentSkipListMap<>(Long::compareUnsigned);

  /** Pages written by DMA_WRITE while the DMA log is started. */
  private final ClientWriteLog writes = new ClientWriteLog();

  /**
   * Held while memory of a mapping is sent or written, so that it is not unmapped, and then freed, meanwhile.
   */
  private final ReentrantLock lock = new ReentrantLock();

  public ClientWriteLog writes() {
    return writes;
  }

  /** Adds memory, before DMA_MAP makes it accessible. Returns the rollback in case the server refuses. */
  public Runnable add(long iova, MemorySegment memory, int access) {
    OpaqueMapping added = new OpaqueMapping(memory, access);
    OpaqueMapping replaced = mappings.put(iova, added);
    return replaced == null ? () -> mappings.remove(iova, added) : () -> mappings.put(iova, replaced);
  }

  /** Removes the mappings within a range, as the server does, and waits for accesses in progress. */
  public void remove(IovaRange range) {
    lock.lock();
    try {
      mappings.subMap(range.iova(), true, range.last(), true).clear();
    } finally {
      lock.unlock();
    }
  }

  /** Removes all memory, as {@link #remove} does. */
  public void removeAll() {
    lock.lock();
    try {
      mappings.clear();
    } finally {
      lock.unlock();
    }
  }

  /** Keeps memory that {@link #find} returns mapped until {@link #unlockMappings}. */
  void lockMappings() {
    lock.lock();
  }

  void unlockMappings() {
    lock.unlock();
  }

  /**
   * Returns mapped memory.
   *
   * @throws ErrnoException EFAULT if the range is not mapped, EACCES if it does not permit the access
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
      throw new ErrnoException(Errno.EACCES, "0x%x does not permit this access".formatted(iova));
    }
    return memory.asSlice(offset, count);
  }
}
