// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.stream.IntStream;

/** Memory mapped for a test device. */
final class TestMemory {

  static final long PAGE = 4096;
  static final IovaRange RANGE = new IovaRange(0x4000_0000L, 64 * PAGE);

  private TestMemory() {
  }

  /** Maps the memory for a device until the arena is closed. */
  static MemorySegment map(KernelDevice device, Arena arena) throws DeviceException, LinuxException {
    MemorySegment memory = MemoryMap.anonymous(RANGE.length(), arena);
    device.mapDma(RANGE, memory, true);
    return memory;
  }

  /**
   * Makes a test device write pages of the memory: the first is filled with the seed, each next one with the next
   * number.
   */
  static void write(KernelDevice device, int page, int count, int seed) throws DeviceException {
    RegionRegisters registers = new RegionRegisters(device, 0);
    long iova = RANGE.iova() + page * PAGE;
    registers.write(TestDevice.DMA_IOVA_LOW, (int) iova);
    registers.write(TestDevice.DMA_IOVA_HIGH, (int) (iova >>> 32));
    registers.write(TestDevice.DMA_SEED, seed);
    registers.write(TestDevice.DMA_PAGES, count);
  }

  /** Returns the last number in a page. */
  static int inPage(MemorySegment memory, int page) {
    return memory.get(ValueLayout.JAVA_INT, page * PAGE + PAGE - Integer.BYTES);
  }

  static BitSet report(DmaLog log, IovaRange range, long pageSize) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bitmap = arena.allocate(DmaLog.bitmapBytes(range, pageSize), Long.BYTES);
      log.report(range, pageSize, bitmap);
      return BitSet.valueOf(bitmap.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  static BitSet pages(int... pages) {
    BitSet set = new BitSet();
    IntStream.of(pages).forEach(set::set);
    return set;
  }
}
