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
 * Memory of the client that is mapped here.
 *
 * <p>
 * The client may cut the file at any time, unless it is a memfd with F_SEAL_SHRINK ({@link ClientFile}). An access to what is gone is a
 * SIGBUS then, which the virtual machine turns into an {@link InternalError} of the thread; here it becomes EFAULT of
 * that access.
 */
final class SharedMemory implements DmaBacking {

  private final Arena owner = Arena.ofConfined();
  private final MemorySegment memory;
  private final boolean canFault;
  private final Runnable onUnmap;

  /**
   * Maps a file, of which the caller has checked that it is long enough.
   *
   * @param file the file, whose descriptor stays the caller's
   * @param offset where in it the memory begins, bytes
   * @param size bytes
   * @param unmapped called when the mapping is gone
   * @throws ErrnoException if it cannot be mapped
   */
  SharedMemory(ClientFile file, long offset, long size, boolean writable, Runnable unmapped)
      throws ErrnoException {
    canFault = file.canFault();
    this.onUnmap = unmapped;
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
          "its file may be cut at any time, or is of hugetlbfs and may get a hole, and cannot be touched without care; "
              + "read and write it, or let its owner take a memfd of small pages and seal it with F_SEAL_SHRINK");
    }
    return memory;
  }

  /** Tells whether the file's owner can cut it, so that an access to memory that was there fails. */
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
   * Lets the error of an access before come here and nowhere else. In compiled code HotSpot throws it only where it
   * next looks for such, which may be long after the access; a native method is such a place, and this one is cheap.
   */
  private void raisePendingFault() {
    if (canFault) {
      Thread.holdsLock(this);
    }
  }

  /** The virtual machine turns a SIGBUS, from a file that its owner made shorter, into this error. */
  private static ErrnoException truncated(InternalError error) {
    ErrnoException answer = new ErrnoException(Errno.EFAULT, "the file behind a mapping has been truncated");
    answer.initCause(error);
    return answer;
  }

  @Override
  public void close() {
    owner.close();
    onUnmap.run(); // Not where it stays mapped.
  }
}
