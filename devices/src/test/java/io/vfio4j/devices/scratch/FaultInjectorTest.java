// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static io.vfio4j.devices.TestClock.MILLI;
import static io.vfio4j.devices.TestClock.SECOND;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.devices.FakeBus;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionException.FailureEffect;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FaultInjectorTest {

  private static ScratchFixture with(String... faults) throws Exception {
    return ScratchFixture
        .of(ScratchFixture.config(2).withFaults(Arrays.stream(faults).map(Fault::parse).toList()));
  }

  private static void assertErrno(ThrowingCallable call, Errno errno) {
    assertThatThrownBy(call).isInstanceOfSatisfying(DeviceException.class,
        e -> assertThat(e.errno()).as(e.getMessage()).isEqualTo(errno));
  }

  @ParameterizedTest
  @CsvSource({"'arc=RUNNING>RUNNING_P2P,errno=EIO',RUNNING,UNCHANGED",
      "'arc=RUNNING_P2P>STOP,errno=EIO',RUNNING_P2P,MID_PATH",
      "'arc=STOP>STOP_COPY,errno=EIO',STOP,MID_PATH",
      "'arc=STOP>STOP_COPY,errno=EIO,error',ERROR,MUST_RESET"})
  void failsArc(String fault, DeviceState reached, FailureEffect aftermath) throws Exception {
    try (ScratchFixture rig = with(fault)) {
      assertThatThrownBy(() -> rig.device.moveTo(DeviceState.STOP_COPY))
          .isInstanceOfSatisfying(TransitionException.class, e -> {
            assertThat(e.errno()).isEqualTo(Errno.EIO);
            assertThat(e.reached()).isEqualTo(reached);
            assertThat(e.effect()).isEqualTo(aftermath);
          });
      assertThat(rig.device.state()).isEqualTo(reached);
      rig.device.reset();
      assertThat(rig.device.state()).isEqualTo(DeviceState.RUNNING);
    }
  }

  @Test
  void failsArcLimitedTimes() throws Exception {
    try (ScratchFixture rig = with("arc=STOP>STOP_COPY,errno=EIO,times=2")) {
      assertErrno(() -> rig.device.moveTo(DeviceState.STOP_COPY), Errno.EIO);
      assertErrno(() -> rig.device.moveTo(DeviceState.STOP_COPY), Errno.EIO);
      rig.device.moveTo(DeviceState.STOP_COPY);
    }
  }

  @Test
  void stopsAllActivityInError() throws Exception {
    try (ScratchFixture rig = with("arc=PRE_COPY>PRE_COPY_P2P,errno=EIO,error")) {
      rig.traffic(10, 1000);
      rig.set32(ScratchLayout.CHURN_RATE, 1000);
      rig.command(0x101, FakeBus.IOVA, 0, 8);
      SavingSession saving = rig.save(DeviceState.PRE_COPY);
      assertErrno(() -> rig.device.moveTo(DeviceState.STOP_COPY), Errno.EIO);
      rig.run(SECOND);
      assertThat(rig.get64(ScratchLayout.TRAFFIC_COUNT)).isZero();
      assertThat(rig.get64(ScratchLayout.CHURN_COUNT)).isZero();
      assertThat(rig.bus.interrupts).containsExactly("intx high", "intx low");
      assertErrno(saving::preCopyInfo, Errno.ENODEV);
      assertErrno(() -> rig.device.moveTo(DeviceState.RUNNING), Errno.EINVAL);
    }
  }

  @Test
  void delaysArc() throws Exception {
    try (ScratchFixture rig = with("arc=STOP>STOP_COPY,delay=50ms,times=1")) {
      rig.clock.stepBy(10 * MILLI);
      long before = rig.clock.now();
      rig.device.moveTo(DeviceState.STOP_COPY);
      assertThat(rig.clock.now() - before).isGreaterThanOrEqualTo(50 * MILLI);
      rig.device.moveTo(DeviceState.STOP);
      rig.clock.stepBy(0);
      rig.device.moveTo(DeviceState.STOP_COPY);
    }
  }

  @Test
  void keepsRunningDuringDelayedArc() throws Exception {
    try (ScratchFixture rig = with("arc=RUNNING>RUNNING_P2P,delay=50ms")) {
      rig.traffic(1000, 1000);
      rig.clock.stepBy(MILLI / 20);
      rig.device.moveTo(DeviceState.RUNNING_P2P);
      assertThat(rig.get64(ScratchLayout.TRAFFIC_COUNT)).isBetween(40L, 60L);
    }
  }

  @Test
  void failsReads() throws Exception {
    try (ScratchFixture rig = with("read,at=100,errno=ENOSPC")) {
      SavingSession saving = rig.save(DeviceState.STOP_COPY);
      MemorySegment into = Arena.ofAuto().allocate(64);
      assertThat(saving.read(into) + saving.read(into)).isBetween(64L, 100L);
      assertErrno(() -> ScratchFixture.drain(saving, 64), Errno.ENOSPC);
      assertErrno(() -> saving.read(into), Errno.ENOSPC);
      rig.device.moveTo(DeviceState.RUNNING);
      assertErrno(() -> saving.read(into), Errno.ENODEV);
    }
  }

  @Test
  void truncatesReads() throws Exception {
    try (ScratchFixture rig = with("read,at=100,cut"); ScratchFixture target = ScratchFixture.withPages(2)) {
      SavingSession saving = rig.save(DeviceState.PRE_COPY);
      byte[] state = ScratchFixture.drain(saving, 1000);
      assertThat(state).hasSize(100);
      rig.device.moveTo(DeviceState.STOP_COPY);
      assertThat(saving.read(Arena.ofAuto().allocate(1000))).isEqualTo(SavingSession.END);
      assertErrno(() -> target.load(state), Errno.EINVAL);
    }
  }

  @Test
  void failsWrites() throws Exception {
    try (ScratchFixture source = ScratchFixture.withPages(2);
        ScratchFixture target = with("write,at=5000,errno=EIO")) {
      byte[] state = source.saved();
      ResumingSession resuming = target.resume();
      resuming.write(ScratchFixture.segment(Arrays.copyOf(state, 5000)));
      MemorySegment rest = ScratchFixture.segment(Arrays.copyOfRange(state, 5000, state.length));
      assertErrno(() -> resuming.write(rest), Errno.EIO);
      assertErrno(() -> resuming.write(rest), Errno.EINVAL);
      assertErrno(() -> target.device.moveTo(DeviceState.STOP), Errno.EINVAL);
      target.device.reset();
    }
  }

  @Test
  void truncatesWrites() throws Exception {
    try (ScratchFixture source = ScratchFixture.withPages(2);
        ScratchFixture target = with("write,at=5000,cut")) {
      byte[] state = source.saved();
      ResumingSession resuming = target.resume();
      resuming.write(ScratchFixture.segment(Arrays.copyOf(state, 6000)));
      resuming.write(ScratchFixture.segment(Arrays.copyOfRange(state, 6000, state.length)));
      assertErrno(() -> target.device.moveTo(DeviceState.STOP), Errno.EINVAL);
    }
  }

  @Test
  void throttlesReads() throws Exception {
    try (ScratchFixture rig = with("slow=10000")) {
      SavingSession saving = rig.save(DeviceState.PRE_COPY);
      MemorySegment into = Arena.ofAuto().allocate(10_000);
      assertThat(saving.read(into)).isEqualTo(SavingSession.NOTHING_NOW);
      rig.clock.advance(10 * MILLI);
      long read = saving.read(into);
      assertThat(read).isBetween(1L, 100L);
      rig.device.moveTo(DeviceState.STOP_COPY);
      long before = rig.clock.now();
      rig.clock.stepBy(MILLI);
      read += ScratchFixture.drain(saving, 1000).length;
      assertThat(rig.clock.now() - before).isGreaterThan((read - 2000) * SECOND / 10_000);
    }
  }

  @Test
  void overridesLength() throws Exception {
    try (ScratchFixture rig = with("announce=5")) {
      assertThat(rig.device.stopCopyLength()).hasValue(5);
      assertThat(rig.saved().length).isGreaterThan(5);
    }
  }

  @ParameterizedTest
  @CsvSource({"skip,102", "repeat,100", "restart,91"})
  void injectsTrafficFaults(String cheat, long next) throws Exception {
    try (ScratchFixture source = ScratchFixture.withPages(2);
        ScratchFixture target = with("traffic=" + cheat)) {
      source.traffic(1000, 100);
      source.run(SECOND);
      target.load(source.saved());
      target.device.moveTo(DeviceState.RUNNING);
      target.run(10 * MILLI);
      assertThat(target.bus.writtenRanges).hasSize(1);
      assertThat(target.bus.slot(next - 1)).isEqualTo(next);
    }
  }
}
