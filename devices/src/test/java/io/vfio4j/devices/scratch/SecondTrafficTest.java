// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static io.vfio4j.devices.scratch.ScratchLayout.SECOND_TRAFFIC;
import static io.vfio4j.devices.scratch.ScratchLayout.TRAFFIC_COUNT;
import static io.vfio4j.devices.scratch.ScratchLayout.TRAFFIC_IOVA;
import static io.vfio4j.devices.scratch.ScratchLayout.TRAFFIC_RATE;
import static io.vfio4j.devices.scratch.ScratchLayout.TRAFFIC_SLOTS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.devices.FakeBus;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class SecondTrafficTest {

  private static final long SECOND = 1_000_000_000L;
  private static final int PLACE = 0x800;

  private static ScratchFixture withSecondTraffic() throws Exception {
    return ScratchFixture.of(ScratchFixture.config(2).withSecondTraffic(true));
  }

  private static void startSecondTraffic(ScratchFixture rig, int slots, int rate) throws Exception {
    rig.set64(SECOND_TRAFFIC + TRAFFIC_IOVA, FakeBus.IOVA + PLACE);
    rig.set32(SECOND_TRAFFIC + TRAFFIC_SLOTS, slots);
    rig.set32(SECOND_TRAFFIC + TRAFFIC_RATE, rate);
  }

  @Test
  void keepsRatesAndSlotsSeparate() throws Exception {
    try (ScratchFixture rig = withSecondTraffic()) {
      rig.traffic(10, 100);
      startSecondTraffic(rig, 20, 50);
      rig.run(SECOND);
      assertThat(rig.get64(TRAFFIC_COUNT)).isBetween(95L, 100L);
      assertThat(rig.get64(SECOND_TRAFFIC + TRAFFIC_COUNT)).isBetween(45L, 50L);
      rig.set32(TRAFFIC_RATE, 0);
      long first = rig.get64(TRAFFIC_COUNT);
      rig.run(SECOND);
      assertThat(rig.get64(TRAFFIC_COUNT)).isEqualTo(first);
      assertThat(rig.get64(SECOND_TRAFFIC + TRAFFIC_COUNT)).isBetween(90L, 100L);
    }
  }

  @Test
  void hidesRegistersWhenDisabled() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(2)) {
      startSecondTraffic(rig, 20, 50);
      rig.run(SECOND);
      assertThat(rig.get64(SECOND_TRAFFIC + TRAFFIC_IOVA)).isZero();
      assertThat(rig.get64(SECOND_TRAFFIC + TRAFFIC_COUNT)).isZero();
    }
  }

  @Test
  void resumesAtTarget() throws Exception {
    try (ScratchFixture source = withSecondTraffic(); ScratchFixture target = withSecondTraffic()) {
      startSecondTraffic(source, 20, 50);
      source.run(SECOND);
      byte[] state = ScratchFixture.drain(source.save(DeviceState.STOP_COPY), 1 << 16);
      long count = source.get64(SECOND_TRAFFIC + TRAFFIC_COUNT);
      target.device.moveTo(DeviceState.RESUMING).resumingSession().write(MemorySegment.ofArray(state));
      target.device.moveTo(DeviceState.RUNNING);
      assertThat(target.get64(SECOND_TRAFFIC + TRAFFIC_IOVA)).isEqualTo(FakeBus.IOVA + PLACE);
      assertThat(target.get64(SECOND_TRAFFIC + TRAFFIC_COUNT)).isEqualTo(count);
      target.run(SECOND);
      assertThat(target.get64(SECOND_TRAFFIC + TRAFFIC_COUNT)).isBetween(count + 45, count + 50);
    }
  }

  @Test
  void rejectsStateWhenDisabled() throws Exception {
    try (ScratchFixture source = withSecondTraffic(); ScratchFixture target = ScratchFixture.withPages(2)) {
      SavingSession saving = source.save(DeviceState.STOP_COPY);
      MemorySegment state = MemorySegment.ofArray(ScratchFixture.drain(saving, 1 << 16));
      ResumingSession resuming = target.device.moveTo(DeviceState.RESUMING).resumingSession();
      assertThatThrownBy(() -> resuming.write(state)).isInstanceOfSatisfying(DeviceException.class,
          e -> assertThat(e.errno()).isEqualTo(Errno.EBADMSG));
    }
  }
}
