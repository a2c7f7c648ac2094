// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionException.FailureEffect;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.testkit.Fault;
import io.vfio4j.testkit.SimulatedDevice;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Transitions of a kernel device: the state, which the kernel does not report on failure, and the data sessions.
 */
class KernelTransitionsTest {

  static Stream<MigrationFeatures> featureSets() {
    return Stream.of(MigrationFeatures.of(), MigrationFeatures.of(MigrationFeature.P2P),
        MigrationFeatures.of(MigrationFeature.PRE_COPY), MigrationFeatures.ALL);
  }

  /**
   * For each pair of states and each set of features, the result is the device's own, with a session where one
   * begins.
   */
  @ParameterizedTest
  @MethodSource("featureSets")
  void matchesDeviceForEveryStatePair(MigrationFeatures features) throws Exception {
    for (DeviceState from : DeviceState.values()) {
      for (DeviceState to : DeviceState.values()) {
        if (from != DeviceState.ERROR && features.supports(from)) {
          assertSameTransition(features, from, to);
        }
      }
    }
  }

  private static void assertSameTransition(MigrationFeatures features, DeviceState from, DeviceState to)
      throws DeviceException {
    SimulatedDevice alone = ScriptedHost.SETTINGS.withFeatures(features).device();
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS.withFeatures(features));
    try (KernelDevice device = host.open(KernelInterface.GROUP)) {
      alone.moveTo(from);
      device.moveTo(from);
      Optional<DeviceException> expected = failure(alone, to);
      String move = "%s > %s with %s".formatted(from, to, features);
      if (expected.isEmpty()) {
        TransitionResult reached = device.moveTo(to);
        assertThat(reached.state()).as(move).isEqualTo(to);
        assertThat(reached.session().isPresent()).as(move).isEqualTo(opensSession(from, to));
        reached.session().ifPresent(session -> assertThat(session)
            .isInstanceOf(to.isSaving() ? SavingSession.class : ResumingSession.class));
      } else {
        var thrown = catchThrowableOfType(TransitionException.class, () -> device.moveTo(to));
        assertThat(thrown).as(move).isNotNull();
        assertThat(thrown.errno()).as(move).isEqualTo(expected.get().errno());
        assertThat(thrown.reached()).as(move).isEqualTo(alone.state());
      }
      assertThat(device.state()).as(move).isEqualTo(alone.state());
    }
    assertThat(host.kernel().openFiles()).isEmpty();
  }

  private static boolean opensSession(DeviceState from, DeviceState to) {
    return (to.isSaving() && !from.isSaving())
        || (to == DeviceState.RESUMING && from != DeviceState.RESUMING);
  }

  private static Optional<DeviceException> failure(SimulatedDevice device, DeviceState to) {
    return Optional.ofNullable(catchThrowableOfType(DeviceException.class, () -> device.moveTo(to)));
  }

  @ParameterizedTest
  @EnumSource(KernelInterface.class)
  void reportsStateAfterFailedTransition(KernelInterface by) throws Exception {
    Arc first = new Arc(DeviceState.RUNNING, DeviceState.RUNNING_P2P);
    Arc second = new Arc(DeviceState.RUNNING_P2P, DeviceState.STOP);
    ScriptedHost host =
        ScriptedHost.with(ScriptedHost.SETTINGS.withFaults(new Fault.ArcFailure(first, Errno.EIO, false, 1),
            new Fault.ArcFailure(second, Errno.EBUSY, false, 1),
            new Fault.ArcFailure(second, Errno.EIO, true, 1)));
    try (KernelDevice device = host.open(by)) {
      assertFails(device, Errno.EIO, DeviceState.RUNNING, FailureEffect.UNCHANGED);
      assertFails(device, Errno.EBUSY, DeviceState.RUNNING_P2P, FailureEffect.MID_PATH);
      device.moveTo(DeviceState.RUNNING);
      TransitionException last = assertFails(device, Errno.EIO, DeviceState.ERROR, FailureEffect.MUST_RESET);
      assertThat(last)
          .hasMessage("kernel:%s: transition from RUNNING to STOP_COPY failed: EIO (input/output error); "
              + "it is in ERROR, it must be reset, losing its state", ScriptedHost.NAME);

      device.reset();
      assertThat(device.state()).isEqualTo(DeviceState.RUNNING);
    }
  }

  private static TransitionException assertFails(KernelDevice device, Errno errno, DeviceState reached,
      FailureEffect aftermath) throws DeviceException {
    DeviceState from = device.state();
    var thrown = catchThrowableOfType(TransitionException.class, () -> device.moveTo(DeviceState.STOP_COPY));
    assertThat(thrown.errno()).isEqualTo(errno);
    assertThat(thrown.from()).isEqualTo(from);
    assertThat(thrown.reached()).isEqualTo(reached).isEqualTo(device.state());
    assertThat(thrown.effect()).isEqualTo(aftermath);
    return thrown;
  }

  /** The kernel's interface then offers no other way to determine the state. */
  @Test
  void reportsLostDeviceWhenStateIsUnreadable() throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    try (KernelDevice device = host.open(KernelInterface.GROUP)) {
      host.kernel().fail(IoctlNumbers.DEVICE_FEATURE, Errno.EIO, 2);

      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> device.moveTo(DeviceState.STOP))
          .withMessageContaining("its state cannot be read: EIO");
    }
  }

  @Test
  void losesUnboundDevice() throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    try (KernelDevice device = host.open(KernelInterface.GROUP)) {
      host.kernel().fail(IoctlNumbers.DEVICE_FEATURE, Errno.ENODEV, 3);

      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> device.moveTo(DeviceState.STOP));
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(device::state)
          .withMessageContaining("the kernel has removed it");
    }
  }

  @ParameterizedTest
  @EnumSource(DeviceState.class)
  void resetsToRunningFromEveryState(DeviceState state) throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS.withFaults(
        new Fault.ArcFailure(new Arc(DeviceState.STOP, DeviceState.STOP_COPY), Errno.EIO, true, 1)));
    try (KernelDevice device = host.open(KernelInterface.CDEV)) {
      if (state == DeviceState.ERROR) {
        assertThatExceptionOfType(TransitionException.class)
            .isThrownBy(() -> device.moveTo(DeviceState.STOP_COPY));
      } else if (state != DeviceState.STOP_COPY) {
        device.moveTo(state);
      }
      device.reset();

      assertThat(device.state()).isEqualTo(DeviceState.RUNNING);
      assertThat(host.simulated().resetCount()).isOne();
    }
  }

  /** Closing changes neither the kernel's device nor, therefore, ours. */
  @Test
  void keepsStateOnClose() throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    try (KernelDevice device = host.open(KernelInterface.GROUP)) {
      device.moveTo(DeviceState.STOP_COPY);
    }
    assertThat(host.simulated().machineState()).isEqualTo(DeviceState.STOP_COPY);
    try (KernelDevice again = host.open(KernelInterface.GROUP)) {
      assertThat(again.state()).isEqualTo(DeviceState.STOP_COPY);
    }
    assertThat(host.simulated().resetCount()).isZero();
    assertThat(host.kernel().openFiles()).isEmpty();
  }

  @Test
  void keepsDeviceWithoutMigrationRunning() throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS.withFeatures(MigrationFeatures.NONE));
    try (KernelDevice device = host.open(KernelInterface.GROUP)) {
      assertThat(device.features()).isEqualTo(MigrationFeatures.NONE);
      assertThat(device.state()).isEqualTo(DeviceState.RUNNING);
      assertThat(device.stopCopyLength()).isEmpty();
      assertThatExceptionOfType(TransitionException.class).isThrownBy(() -> device.moveTo(DeviceState.STOP))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ENOTTY));
      device.reset();
    }
  }
}
