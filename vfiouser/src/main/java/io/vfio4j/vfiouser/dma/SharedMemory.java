// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.MemoryKind;
import io.vfio4j.model.dma.MemoryKindException;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory of the client that is mapped.
 *
 * <p>
 * The client may truncate the file at any time, unless it is a memfd with F_SEAL_SHRINK ({@link ClientFile}).
 * An access beyond its new end raises SIGBUS, which the JVM converts to an {@link InternalError} in the
 * thread, and this class to EFAULT of that access.
 */
final class SharedMemory implements DmaBacking {

  private final Arena owner = Arena.ofConfined();
  private final MemorySegment memory;
  private final boolean canFault;
  private final Runnable onUnmap;

  /**
   * Maps a file, whose size the caller has checked.
   *
   * @param file the file; its descriptor stays the caller's
   * @param offset the offset of the memory in the file, bytes
   * @param size bytes
   * @param onUnmap called after the memory was unmapped
   * @throws ErrnoException if it cannot be mapped
   */
  SharedMemory(ClientFile file, long offset, long size, boolean writable, Runnable onUnmap)
      throws ErrnoException {
    canFault = file.canFault();
    this.onUnmap = onUnmap;
    try {
      memory = MemoryMap.shared(file.fd(), file.status(), offset, size, writable, owner);
    } catch (LinuxException e) {
      owner.close();
      throw ClientFile.mapFailure(e, "it cannot be mapped");
    } catch (RuntimeException e) {
      owner.close();
      throw e;
    }
  }

  @Override
  public MemorySegment segment(IovaRange mapping) throws MemoryKindException {
    if (canFault) {
      throw new MemoryKindException(mapping, MemoryKind.MEMORY,
          "its file may be truncated at any time, or may get a hole (hugetlbfs), and so cannot be mapped; "
              + "read and write it, or let its owner use a memfd of small pages sealed with F_SEAL_SHRINK");
    }
    return memory;
  }

  /** Returns whether an access can fail, because the owner of the file can truncate it. */
  boolean canFault() {
    return canFault;
  }

  @Override
  public void read(long offset, MemorySegment into, long at, long length) throws ErrnoException {
    copy(memory, offset, into, at, length);
  }

  @Override
  public void write(long offset, MemorySegment from, long at, long length) throws ErrnoException {
    copy(from, at, memory, offset, length);
  }

  /** Writes a 64-bit number, in one access if it is aligned. */
  void writeLong(long offset, long value) throws ErrnoException {
    try {
      memory.set(LittleEndian.U64, offset, value);
      raisePendingFault();
    } catch (InternalError e) {
      throw truncated(e);
    }
  }

  private void copy(MemorySegment from, long fromOffset, MemorySegment to, long toOffset, long length)
      throws ErrnoException {
    try {
      MemorySegment.copy(from, fromOffset, to, toOffset, length);
      raisePendingFault();
    } catch (InternalError e) {
      throw truncated(e);
    }
  }

  /**
   * Raises the error of a previous access here. In compiled code, HotSpot throws it only at the next check
   * for asynchronous exceptions, possibly long after the access; a call of a native method is such a check,
   * and this one is cheap.
   */
  private void raisePendingFault() {
    if (canFault) {
      Thread.holdsLock(this);
    }
  }

  /** Converts the error that the JVM makes of a SIGBUS. */
  private static ErrnoException truncated(InternalError error) {
    return new ErrnoException(Errno.EFAULT, "the file of a mapping has been truncated", error);
  }

  @Override
  public void close() {
    owner.close();
    onUnmap.run(); // Not called if unmapping failed.
  }
}
