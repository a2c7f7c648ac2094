// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.devices.FakeBus;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScratchRegistersTest {

  @Test
  void readsIdentification() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(3)) {
      assertThat(rig.get32(0)).isEqualTo(0x564a3453);
      assertThat(rig.get32(4)).isEqualTo(1);
      assertThat(rig.get64(8)).isEqualTo(3 * 4096);
      assertThat(rig.read(0, 0, 4)).containsExactly('S', '4', 'J', 'V');
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0x00, 0x04, 0x08, 0x18, 0x1c, 0x40, 0x60, 0x70})
  void dropsWritesToReadOnlyRegisters(int offset) throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      int before = rig.get32(offset);
      rig.set32(offset, ~before);
      assertThat(rig.get32(offset)).isEqualTo(before);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0x10, 0x20, 0x28, 0x30, 0x50})
  void keepsWholeRegistersAndHalves(int offset) throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.set64(offset, 0x1122334455667788L);
      assertThat(rig.get64(offset)).isEqualTo(0x1122334455667788L);
      assertThat(rig.get32(offset)).isEqualTo(0x55667788);
      rig.set32(offset + 4, 0xcafe);
      assertThat(rig.get64(offset)).isEqualTo(0xcafe55667788L);
      rig.set32(offset, 0xffffffff);
      assertThat(rig.get64(offset)).isEqualTo(0xcafeffffffffL);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0x58, 0x5c, 0x68})
  void keepsRegistersOf32Bits(int offset) throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.set32(offset, 7);
      assertThat(rig.get32(offset)).isEqualTo(7);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0x38, 0x48, 0x100, 0x104, 0xffc})
  void readsZeroFromWriteOnlyAndUnused(int offset) throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.set32(offset, 1);
      assertThat(rig.get32(offset)).isZero();
    }
  }

  @Test
  void readsAnySizeAtAnyOffset() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.set64(ScratchLayout.SCRATCH, 0x1122334455667788L);
      byte[] all = rig.read(0, 0, 4096);
      for (int offset = 0; offset < 40; offset++) {
        for (int length = 1; length < 20; length++) {
          assertThat(rig.read(0, offset, length)).isEqualTo(Arrays.copyOfRange(all, offset, offset + length));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"16,1", "16,2", "18,2", "18,4", "16,3", "16,7"})
  void ignoresAndLogsPartialWrites(int offset, int length) throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      byte[] ones = new byte[length];
      Arrays.fill(ones, (byte) 0xff);
      rig.write(0, offset, ones);
      assertThat(rig.get64(ScratchLayout.SCRATCH)).isZero();
      assertThat(rig.log).singleElement().asString().contains("ignored a write of " + length + " bytes",
          "BAR0");
    }
  }

  @Test
  void writesSeveralRegistersAtOnce() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      byte[] data = new byte[24];
      data[0] = 1;
      data[8] = 2;
      data[16] = 3;
      rig.write(0, ScratchLayout.DMA_IOVA, data);
      assertThat(rig.get64(ScratchLayout.DMA_IOVA)).isEqualTo(1);
      assertThat(rig.get64(ScratchLayout.DMA_OFFSET)).isEqualTo(2);
      assertThat(rig.get64(ScratchLayout.DMA_LENGTH)).isEqualTo(3);
    }
  }

  @Test
  void marksStartOfLowestMappingDirty() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.set64(ScratchLayout.MARK_DIRTY, 0x3000);
      rig.set32(ScratchLayout.MARK_DIRTY, 0x1000);
      assertThat(rig.bus.writtenRanges).containsExactly(new IovaRange(FakeBus.IOVA, 0x3000));
      rig.set32(ScratchLayout.MARK_DIRTY + 4, 1);
      rig.set64(ScratchLayout.MARK_DIRTY, 0);
      assertThat(rig.bus.writtenRanges).last().isEqualTo(new IovaRange(FakeBus.IOVA, FakeBus.SIZE));
      assertThat(rig.bus.writtenRanges).hasSize(2);
    }
  }

  @Test
  void roundsBarSizeUpToPowerOfTwo() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(3)) {
      assertThat(rig.device.description().regions().get(2).size()).isEqualTo(4 * 4096);
      rig.write(2, 3 * 4096 - 2, new byte[] {1, 2, 3, 4});
      assertThat(rig.read(2, 3 * 4096 - 3, 6)).containsExactly(0, 1, 2, 0, 0, 0);
      rig.write(2, 3 * 4096 + 5, new byte[] {9});
      assertThat(rig.read(2, 3 * 4096, 4096)).containsOnly(0);
      rig.device.moveTo(DeviceState.STOP);
      assertThat(rig.read(2, 3 * 4096 - 2, 2)).containsExactly(1, 2);
    }
    assertThat(ScratchLayout.memoryBarSize(4096)).isEqualTo(4096);
    assertThat(ScratchLayout.memoryBarSize(3L << 30)).isEqualTo(4L << 30);
    assertThat(ScratchLayout.memoryBarSize(1L << 40)).isEqualTo(1L << 40);
  }

  @Test
  void describesItself() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      assertThat(rig.device.description().regions()).hasSize(9).noneMatch(region -> region.mappable());
      assertThat(rig.device.description().regions().stream().map(region -> region.size()))
          .containsExactly(4096L, 0L, 4096L, 0L, 4096L, 0L, 0L, 4096L, 0L);
      assertThat(rig.device.description().irqCounts()).containsExactly(1, 0, 4, 0, 0);
      assertThat(rig.device.regionFile(2)).isEmpty();
      assertThatThrownBy(() -> rig.read(1, 0, 1)).isInstanceOf(ErrnoException.class)
          .hasMessageContaining("EINVAL");
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -4096, 4095, 6000, Long.MAX_VALUE})
  void rejectsInvalidSizes(long size) {
    ScratchConfig config = ScratchConfig.named("x");
    assertThatThrownBy(() -> config.withMemorySize(size)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected a multiple of 4096");
  }
}
