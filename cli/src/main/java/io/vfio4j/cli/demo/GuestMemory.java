// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The memory of the virtual machine that the demonstration plays: a memfd, which every device gets to see. */
final class GuestMemory implements AutoCloseable {

  /** Where devices see the memory; not 0, so that a forgotten address is noticed. */
  static final long IOVA = 0x4000_0000;

  /** Slots for traffic alone, more than are written in any phase of a migration. */
  static final long SLOTS = 256 << 10;

  private static final long SCRATCH_PAGE = 4096;

  private final Arena arena = Arena.ofShared();
  private final Fd fd;
  private final MemorySegment memory;
  private final long slotBytes;

  /**
   * Makes it.
   *
   * @param slots how many slots for traffic, as many as fill pages
   */
  GuestMemory(long slots) throws LinuxException {
    slotBytes = slots * Long.BYTES;
    long size = slotBytes + SCRATCH_PAGE;
    fd = Memfd.create("vfio4j-demo-guest", size);
    try {
      // Nobody can cut the memory short under a device then.
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

  /** Returns the slots that traffic is sent to, from {@link #IOVA} on. */
  MemorySegment slots() {
    return memory.asSlice(0, slotBytes);
  }

  /** Returns a page for a command to read. */
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
