// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.MemoryKind;
import io.vfio4j.model.MemoryKindException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory of the client that is mapped here.
 *
 * <p>
 * The client may cut the file at any time, unless it is a memfd with F_SEAL_SHRINK. An access to what is gone is a
 * SIGBUS then, which the virtual machine turns into an {@link InternalError} of the thread; here it becomes EFAULT of
 * that access.
 */
final class SharedMemory implements DmaBacking {

  private final Arena owner = Arena.ofConfined();
  private final MemorySegment memory;
  private final boolean canVanish;

  /**
   * Maps a file.
   *
   * @param fd the file, which stays the caller's
   * @param offset where in it the memory begins, bytes
   * @param size bytes
   * @throws ErrnoException EINVAL if the file is shorter, others if it cannot be mapped
   */
  SharedMemory(Fd fd, long offset, long size, boolean writable) throws ErrnoException {
    // The seal first, and then the size: in this order what was seen of a sealed file stays true.
    canVanish = !Memfd.isSealedAgainstShrinking(fd);
    checkReach(fd, offset, size);
    try {
      memory = MemoryMap.shared(fd, offset, size, writable, owner);
    } catch (LinuxException e) {
      owner.close();
      throw new ErrnoException(e.errno(), "the file cannot be mapped");
    } catch (RuntimeException e) {
      owner.close();
      throw e;
    }
  }

  /** Checks that a file reaches as far as is claimed of it. */
  static void checkReach(Fd fd, long offset, long size) throws ErrnoException {
    try {
      if (offset < 0 || size < 0 || offset > fd.size() - size) {
        throw new ErrnoException(Errno.EINVAL, "the file to map is too short");
      }
    } catch (LinuxException e) {
      throw new ErrnoException(e.errno(), "the size of the file to map cannot be told");
    }
  }

  @Override
  public MemorySegment direct(IovaRange mapping) throws MemoryKindException {
    if (canVanish) {
      throw new MemoryKindException(mapping, MemoryKind.MEMORY,
          "its file may be cut at any time, and cannot be touched without care; read and write it, or let its owner "
              + "seal the file with F_SEAL_SHRINK");
    }
    return memory;
  }

  /** Tells whether the file's owner can cut it, so that an access to memory that was there fails. */
  boolean canVanish() {
    return canVanish;
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
      memory.set(Wire.U64, offset, value);
      settle();
    } catch (InternalError e) {
      throw truncated(e);
    }
  }

  private void copy(MemorySegment from, long fromOffset, MemorySegment to, long toOffset, long length)
      throws ErrnoException {
    try {
      MemorySegment.copy(from, fromOffset, to, toOffset, length);
      settle();
    } catch (InternalError e) {
      throw truncated(e);
    }
  }

  /**
   * Lets the error of an access before come here and nowhere else. In compiled code HotSpot throws it only where it
   * next looks for such, which may be long after the access; a native method is such a place, and this one is cheap.
   */
  private void settle() {
    if (canVanish) {
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
  }
}
