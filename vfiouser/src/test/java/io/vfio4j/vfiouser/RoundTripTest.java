// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.info.IrqInfo;
import io.vfio4j.model.info.RegionCapability;
import io.vfio4j.model.info.RegionInfo;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.DeviceInfo;
import io.vfio4j.vfiouser.client.MappedRegion;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestMemory;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoundTripTest {

  private static final long IOVA = 0x10_0000;

  @TempDir
  private Path folder;
  private TestServer served;
  private VfioUserClient client;

  @BeforeEach
  void connect() throws Exception {
    served = TestServer.start(folder);
    client = served.connect();
  }

  @AfterEach
  void end() throws Exception {
    client.close();
    served.close();
  }

  @Test
  void reportsDeviceInfo() {
    assertThat(client.identity().ids()).isEqualTo("1234:5634 (1af4:0002)");
    assertThat(client.info()).isEqualTo(new DeviceInfo(3, TestDevice.REGIONS, 5));
    assertThat(client.info().canReset()).isTrue();
    assertThat(client.features()).isEqualTo(MigrationFeatures.ALL);
  }

  @Test
  void reportsRegionSizes() throws Exception {
    assertThat(client.regionInfo(TestDevice.BAR0)).isEqualTo(
        new RegionInfo(TestDevice.BAR0, TestDevice.REGISTERS_SIZE, true, true, false, List.of()));
    assertThat(client.regionInfo(TestDevice.BAR2)).isEqualTo(
        new RegionInfo(TestDevice.BAR2, TestDevice.MEMORY_SIZE, true, true, true,
            List.of(RegionCapability.SparseMmap.whole(TestDevice.MEMORY_SIZE))));
    assertThat(client.regionInfo(TestDevice.ABSENT)).isEqualTo(
        new RegionInfo(TestDevice.ABSENT, 0, false, false, false, List.of()));
    assertThat(client.regionInfo(6)).isEqualTo(new RegionInfo(6, 4096, true, false, false, List.of()));
    assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> client.regionInfo(9))
        .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
  }

  @Test
  void reportsIrqKinds() throws Exception {
    assertThat(client.irqs().info(DeviceDescription.INTX)).isEqualTo(new IrqInfo(0, 7, 1));
    assertThat(client.irqs().info(DeviceDescription.MSIX))
        .isEqualTo(new IrqInfo(2, 1, TestDevice.MSIX_COUNT));
    assertThat(client.irqs().info(1).count()).isZero();
  }

  @Test
  void readsBackRegisters() throws Exception {
    client.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, 0xdeadbeef);
    client.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, 0x0123456789abcdefL);
    assertThat(client.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(0xdeadbeef);
    assertThat(client.readLong(TestDevice.BAR0, TestDevice.ADDRESS)).isEqualTo(0x0123456789abcdefL);
  }

  @Test
  void splitsLargeAccesses() throws Exception {
    client.close();
    Limits small = new Limits(8, 1000, 65535, 1 << 20);
    try (VfioUserClient pieces = served.connect(ClientOptions.DEFAULT.withLimits(small));
        Arena arena = Arena.ofConfined()) {
      assertThat(pieces.limits()).isEqualTo(small);
      MemorySegment data = TestMemory.pattern(arena, TestDevice.MEMORY_SIZE);
      MemorySegment read = arena.allocate(TestDevice.MEMORY_SIZE);
      pieces.writeRegion(TestDevice.BAR2, 0, data);
      pieces.readRegion(TestDevice.BAR2, 0, read);
      assertThat(read.mismatch(data)).isEqualTo(-1);
    }
  }

  @Test
  void mapsRegion() throws Exception {
    try (MappedRegion mapped = client.mapRegion(TestDevice.BAR2); Arena arena = Arena.ofConfined()) {
      MemorySegment memory =
          MemoryMap.shared(mapped.fd(), mapped.offset(), mapped.info().size(), true, arena);
      memory.set(LittleEndian.U32, 128, 77);
      assertThat(client.readInt(TestDevice.BAR2, 128)).isEqualTo(77);
    }
    assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> client.mapRegion(TestDevice.BAR0))
        .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ENODEV));
  }

  /**
   * If the capabilities do not fit, the reply still has the offset that they would have: QEMU rejects a
   * device whose reply has 0 there.
   */
  @Test
  void reportsMappableAreas() throws Exception {
    client.close();
    MessageBytes wide = MessageBytes.empty().u32(64, 0, TestDevice.BAR2, 0).u64(0, 0);
    MessageBytes narrow = MessageBytes.empty().u32(63, 0, TestDevice.BAR2, 0).u64(0, 0);
    int flags = 15;
    try (RawPeer peer = served.connectNegotiated()) {
      assertThat(peer.succeed(Command.DEVICE_GET_REGION_INFO, wide).body())
          .isEqualTo(
              MessageBytes.empty().u32(64, flags, TestDevice.BAR2, 32).u64(TestDevice.MEMORY_SIZE, 0).u16(1)
                  .u16(1)
                  .u32(0, 1, 0).u64(0, TestDevice.MEMORY_SIZE).toBytes());
      assertThat(peer.succeed(Command.DEVICE_GET_REGION_INFO, narrow).body()).isEqualTo(
          MessageBytes.empty().u32(64, flags, TestDevice.BAR2, 32).u64(TestDevice.MEMORY_SIZE, 0).toBytes());
      assertThat(peer.fds().count()).as("the memory is sent only with a complete reply").isEqualTo(1);
    }
  }

  @Test
  void reachesMemoryUntilUnmapped() throws Exception {
    IovaRange range = new IovaRange(IOVA, 0x1000);
    try (Fd fd = Memfd.create("guest", 0x3000); Arena arena = Arena.ofConfined()) {
      MemorySegment guest = MemoryMap.shared(fd, 0, 0x3000, true, arena);
      client.dma().map(range, fd, 0x2000, true);
      client.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, IOVA + 8);
      client.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.DMA_WRITE_LONG);
      assertThat(guest.get(LittleEndian.U64, 0x2008)).isEqualTo(TestDevice.LONG_VALUE);

      client.dma().unmap(range);
      client.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.DMA_WRITE_LONG);
      assertThat(client.readInt(TestDevice.BAR0, TestDevice.STATUS)).isEqualTo(Errno.EFAULT.number());
    }
    assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> client.dma().unmap(range))
        .satisfies(e -> assertThat(e.errno().name()).isEqualTo("ENOENT"));
  }

  @Test
  void deliversInterrupts() throws Exception {
    try (EventFd first = EventFd.create(); EventFd second = EventFd.create()) {
      client.irqs().assign(DeviceDescription.MSIX, 2, List.of(first, second));
      client.writeInt(TestDevice.BAR0, TestDevice.LENGTH, 3);
      client.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.RAISE_MSIX);
      assertThat(second.await(Duration.ZERO)).isTrue();
      assertThat(first.drain()).isZero();
      client.irqs().disable(DeviceDescription.MSIX);
      client.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.RAISE_MSIX);
      assertThat(second.drain()).isEqualTo(1);
    }
  }

  @Test
  void splitsEventFdsAcrossMessages() throws Exception {
    client.close();
    Limits two = new Limits(2, 1 << 20, 65535, 1 << 20);
    try (VfioUserClient pieces = served.connect(ClientOptions.DEFAULT.withLimits(two));
        EventFd all = EventFd.create()) {
      pieces.irqs().assign(DeviceDescription.MSIX, 1, List.of(all, all, all, all, all));
      for (int vector = 0; vector < TestDevice.MSIX_COUNT; vector++) {
        pieces.writeInt(TestDevice.BAR0, TestDevice.LENGTH, vector);
        pieces.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.RAISE_MSIX);
      }
      assertThat(all.drain()).isEqualTo(5);
    }
  }

  @Test
  void resetsDevice() throws Exception {
    client.writeInt(TestDevice.BAR2, 0, 7);
    client.moveTo(DeviceState.STOP);
    client.reset();
    assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
    assertThat(client.readInt(TestDevice.BAR2, 0)).isZero();
  }

  @Test
  void readsConfigSpaceAtOnce() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment config = arena.allocate(TestDevice.CONFIG_SIZE);
      client.readRegion(TestDevice.CONFIG, 0, config);
      assertThat(config.get(LittleEndian.U32, 0)).isEqualTo(TestDevice.IDS);
    }
  }
}
