// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The simulated device, on which other tests rely. */
class SimulatedDeviceTest {

  private final SimulatedSettings settings = SimulatedSettings.named("sim").withContent(8, 1);

  private static byte[] readAll(SavingSession session) throws DeviceException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(100);
      for (long count = session.read(into); count > 0; count = session.read(into)) {
        bytes.writeBytes(into.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE));
      }
    }
    return bytes.toByteArray();
  }

  private static void writeAll(ResumingSession session, byte[] bytes) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      session.write(arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes));
    }
  }

  private static byte[] save(SimulatedDevice device) throws DeviceException {
    try (SavingSession session = device.moveTo(DeviceState.STOP_COPY).savingSession()) {
      return readAll(session);
    }
  }

  private SimulatedDevice load(byte[] stream) throws DeviceException {
    SimulatedDevice device = settings.withContent(8, 0).device();
    try (ResumingSession session = device.moveTo(DeviceState.RESUMING).resumingSession()) {
      writeAll(session, stream);
    }
    return device;
  }

  @Test
  void savesAndLoadsState() throws DeviceException {
    try (SimulatedDevice source = settings.device(); SimulatedDevice target = load(save(source))) {
      target.moveTo(DeviceState.RUNNING);
      assertThat(target.content()).isEqualTo(source.content());
      assertThat(source.openSessions() + target.openSessions()).isZero();
    }
  }

  @Test
  void sendsChangesAfterPreCopy() throws DeviceException {
    try (SimulatedDevice device = settings.device();
        SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession()) {
      long pending = session.preCopyInfo().orElseThrow().initialBytes();
      assertThat(readAll(session)).hasSize((int) pending);
      assertThat(session.preCopyInfo().orElseThrow().pending()).isZero();
      device.moveTo(DeviceState.STOP_COPY);
      assertThat(readAll(session)).hasSize(SimulatedStreamFormat.RECORD_BYTES);
      assertThatThrownBy(session::preCopyInfo).hasMessageContaining("EINVAL");
    }
  }

  @Test
  void rejectsCorruptAndTruncatedState() throws DeviceException {
    try (SimulatedDevice source = settings.device()) {
      byte[] stream = save(source);
      stream[200]++;
      assertThatThrownBy(() -> load(stream)).hasMessageContaining("EBADMSG");
      stream[200]--;
      byte[] part = Arrays.copyOf(stream, stream.length - 1);
      try (SimulatedDevice target = load(part)) {
        assertThatThrownBy(() -> target.moveTo(DeviceState.STOP)).isInstanceOf(TransitionException.class);
        assertThat(target.machineState()).isEqualTo(DeviceState.RESUMING);
        target.reset();
        assertThat(target.stateFingerprint()).isZero();
      }
    }
  }

  @Test
  void injectsPlannedFaults() {
    ManualClock clock = new ManualClock();
    Arc toStop = new Arc(DeviceState.RUNNING_P2P, DeviceState.STOP);
    try (SimulatedDevice device =
        settings.withClock(clock, 0).withFaults(new Fault.ArcDelay(toStop, Duration.ofSeconds(3)),
            new Fault.ArcFailure(toStop, Errno.EIO, false, 1), new Fault.LossAtCall(2)).device()) {
      assertThatThrownBy(() -> device.moveTo(DeviceState.STOP)).isInstanceOfSatisfying(
          TransitionException.class,
          e -> assertThat(e.reached()).isEqualTo(DeviceState.RUNNING_P2P));
      assertThat(clock.nanoTime()).isEqualTo(3_000_000_000L);
      assertThatThrownBy(device::reset).isInstanceOf(DeviceLostException.class);
      assertThatThrownBy(device::state).isInstanceOf(DeviceLostException.class);
      assertThat(device.operations()).extracting(Object::toString).containsExactly("STOP", "reset");
    }
  }

  @Test
  void reportsSeedOfFailingCase() {
    assertThatThrownBy(() -> Seeds.forEach(3, random -> assertThat(random.nextInt(2)).isEqualTo(2)))
        .isInstanceOf(AssertionError.class).hasMessageContaining("-Dvfio4j.seed=");
  }
}
