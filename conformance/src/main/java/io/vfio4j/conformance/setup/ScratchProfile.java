// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.setup;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/** The profile of this project's scratch device. The layout of its registers is fixed. */
final class ScratchProfile implements DeviceProfile {

  private static final ValueLayout.OfInt U32 = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int VENDOR_ID = 0x1234;
  private static final int DEVICE_ID = 0x5634;
  private static final int REGISTERS = 0;
  private static final int SCRATCH = 0x010;
  private static final int TRAFFIC_IOVA = 0x050;
  private static final int TRAFFIC_SLOTS = 0x058;
  private static final int TRAFFIC_RATE = 0x05c;
  private static final int TRAFFIC_COUNT = 0x060;
  private static final int MEMORY_BAR = 2;

  private static final IovaRange MEMORY = new IovaRange(0x10_0000, 0x1_0000);
  /** More writes than any simulated fault of the DMA traffic discards. */
  private static final int WRITES = 32;
  private static final int WRITES_PER_SECOND = 100_000;
  private static final int MAX_POLLS = 10_000;

  static boolean matches(DeviceIdentity identity) {
    return identity.vendorId() == VENDOR_ID && identity.deviceId() == DEVICE_ID
        && !identity.driver().equals("testkit");
  }

  @Override
  public Set<Guarantee> guarantees() {
    return Set.of(Guarantee.values());
  }

  @Override
  public void exercise(DeviceProbe probe) throws DeviceException {
    if (!(probe instanceof DeviceProbe.RegionProbe regions)) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(U64);
      write(regions, value, SCRATCH, 0x0123_4567_89ab_cdefL);
      value.set(U64, 0, 0xfedc_ba98_7654_3210L);
      regions.writeRegion(MEMORY_BAR, 8, value);
      if (probe instanceof DeviceProbe.DmaMemoryProbe memory) {
        memory.mapMemory(MEMORY);
        generateTraffic(regions, value);
      }
    }
  }

  @Override
  public Optional<IovaRange> writeMemory(DeviceProbe probe) throws DeviceException {
    if (!(probe instanceof DeviceProbe.RegionProbe regions)
        || !(probe instanceof DeviceProbe.DmaMemoryProbe memory)) {
      return Optional.empty();
    }
    memory.mapMemory(MEMORY);
    try (Arena arena = Arena.ofConfined()) {
      generateTraffic(regions, arena.allocate(U64));
    }
    return Optional.of(new IovaRange(MEMORY.iova(), (long) WRITES * Long.BYTES));
  }

  /** Generates DMA traffic until every slot has been written, and stops it. */
  private static void generateTraffic(DeviceProbe.RegionProbe regions, MemorySegment value)
      throws DeviceException {
    write(regions, value, TRAFFIC_IOVA, MEMORY.iova());
    write(regions, value.asSlice(0, Integer.BYTES), TRAFFIC_SLOTS, WRITES);
    long before = readCount(regions, value);
    write(regions, value.asSlice(0, Integer.BYTES), TRAFFIC_RATE, WRITES_PER_SECOND);
    for (int poll = 0; readCount(regions, value) - before < WRITES; poll++) {
      if (poll == MAX_POLLS) {
        throw new DeviceException(regions.device().identity().name(), "wait for DMA traffic",
            Errno.ETIMEDOUT);
      }
      LockSupport.parkNanos(100_000);
    }
    write(regions, value.asSlice(0, Integer.BYTES), TRAFFIC_RATE, 0);
  }

  private static long readCount(DeviceProbe.RegionProbe regions, MemorySegment value)
      throws DeviceException {
    regions.readRegion(REGISTERS, TRAFFIC_COUNT, value);
    return value.get(U64, 0);
  }

  private static void write(DeviceProbe.RegionProbe regions, MemorySegment value, int register, long number)
      throws DeviceException {
    if (value.byteSize() == Integer.BYTES) {
      value.set(U32, 0, (int) number);
    } else {
      value.set(U64, 0, number);
    }
    regions.writeRegion(REGISTERS, register, value);
  }
}
