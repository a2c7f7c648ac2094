// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The memory of the demonstration's virtual machine: a memfd, mapped into every device. */
final class GuestMemory implements AutoCloseable {

  /** The IOVA of the memory; not 0, so that an address that was not set causes an error. */
  static final long IOVA = 0x4000_0000;

  /** Number of slots for traffic, more than are written in any phase of a migration. */
  static final long SLOTS = 256 << 10;

  private static final long SCRATCH_PAGE = 4096;

  private final Arena arena = Arena.ofShared();
  private final Fd fd;
  private final MemorySegment memory;
  private final long slotBytes;

  /**
   * Creates the memory.
   *
   * @param slots the number of slots for traffic, which fill whole pages
   */
  GuestMemory(long slots) throws LinuxException {
    slotBytes = slots * Long.BYTES;
    long size = slotBytes + SCRATCH_PAGE;
    fd = Memfd.create("vfio4j-demo-guest", size);
    try {
      // So that it cannot be truncated while a device uses it.
      Memfd.seal(fd);
      memory = MemoryMap.shared(fd, 0, size, true, arena);
    } catch (LinuxException | RuntimeException e) {
      close();
      throw e;
    }
  }

  Fd fd() {
    return fd;
  }

  IovaRange range() {
    return new IovaRange(IOVA, memory.byteSize());
  }

  /** Returns the slots for traffic, which begin at {@link #IOVA}. */
  MemorySegment slots() {
    return memory.asSlice(0, slotBytes);
  }

  /** Returns the page that a command reads. */
  MemorySegment page() {
    return memory.asSlice(slotBytes, SCRATCH_PAGE);
  }

  long pageIova() {
    return IOVA + slotBytes;
  }

  @Override
  public void close() {
    arena.close();
    fd.close();
  }
}
