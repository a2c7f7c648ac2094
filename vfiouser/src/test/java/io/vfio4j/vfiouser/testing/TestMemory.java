// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory with contents that tests recognise. */
public final class TestMemory {

  private static final long PAGE_SIZE = 4096;

  private TestMemory() {
  }

  /** Returns memory in which all aligned 32-bit words differ. */
  public static MemorySegment pattern(Arena arena, int size) {
    MemorySegment data = arena.allocate(size, 8);
    for (int i = 0; i < size; i += 4) {
      data.set(LittleEndian.U32, i, i * 0x9E3779B9 + 1);
    }
    return data;
  }

  /** Returns a page that begins with a number. */
  public static Fd createNumbered(int number) throws Exception {
    Fd fd = Memfd.create("page " + number, PAGE_SIZE);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment page = MemoryMap.shared(fd, 0, PAGE_SIZE, true, arena);
      page.set(LittleEndian.U32, 0, number);
    }
    return fd;
  }

  /** Makes the device read the number at an address. */
  public static int readNumber(RawPeer peer, long iova) throws Exception {
    peer.succeed(Command.REGION_WRITE,
        MessageBytes.regionAccess(TestDevice.BAR0, TestDevice.ADDRESS, 16).u64(iova).u32(4,
            TestDevice.DMA_READ));
    // The registers were written in one access, which does not trigger a command.
    peer.succeed(Command.REGION_WRITE,
        MessageBytes.regionAccess(TestDevice.BAR0, TestDevice.COMMAND, 4).u32(TestDevice.DMA_READ));
    assertThat(
        peer.succeed(Command.REGION_READ, MessageBytes.regionAccess(TestDevice.BAR0, TestDevice.STATUS, 4))
            .fields()
            .getInt(16))
        .isZero();
    return peer.succeed(Command.REGION_READ, MessageBytes.regionAccess(TestDevice.BAR2, 0, 4)).fields()
        .getInt(16);
  }
}
