// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static io.vfio4j.model.DeviceState.PRE_COPY;
import static io.vfio4j.model.DeviceState.PRE_COPY_P2P;
import static io.vfio4j.model.DeviceState.RESUMING;
import static io.vfio4j.model.DeviceState.RUNNING;
import static io.vfio4j.model.DeviceState.RUNNING_P2P;
import static io.vfio4j.model.DeviceState.STOP;
import static io.vfio4j.model.DeviceState.STOP_COPY;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.WhenNotConverging;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.testkit.Fault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

/** Each step that can fail, with the exact transitions of both devices afterwards. */
class FaultInjectionTest {

  private final MigrationTrial trial = new MigrationTrial();

  private static Fault.ArcFailure fail(DeviceState from, DeviceState to) {
    return new Fault.ArcFailure(new Arc(from, to), Errno.EIO, false, 1);
  }

  private static Fault.ArcFailure failIntoError(DeviceState from, DeviceState to) {
    return new Fault.ArcFailure(new Arc(from, to), Errno.EIO, true, 1);
  }

  private MigrationException sourceFails(Fault... faults) {
    trial.sourceSettings = trial.sourceSettings.withFaults(faults);
    return trial.run().failure();
  }

  private MigrationException targetFails(Fault... faults) {
    trial.targetSettings = trial.targetSettings.withFaults(faults);
    return trial.run().failure();
  }

  @Test
  void keepsSourceRunningWhenPreCopyFails() {
    MigrationException e = sourceFails(fail(RUNNING, PRE_COPY));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(e).hasMessageContaining("EIO").hasMessageContaining("source runs again");
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY");
    assertThat(trial.targetActs()).containsExactly("reset", "RESUMING", "reset");
  }

  @Test
  void rollsBackFromP2pState() {
    MigrationException e = sourceFails(fail(PRE_COPY_P2P, STOP_COPY));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "RUNNING");
    assertThat(trial.workload).containsExactly("pause", "resume source");
  }

  @Test
  void rollsBackFromMidPath() {
    trial.options = MigrationTrial.PATIENT.withPreCopy(false);
    MigrationException e = sourceFails(fail(STOP, STOP_COPY));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(trial.sourceActs()).containsExactly("RUNNING_P2P", "STOP_COPY", "RUNNING");
  }

  @Test
  void retriesRollbackOnce() {
    MigrationException e = sourceFails(new Fault.ReadFailure(400, Errno.EIO), fail(PRE_COPY, RUNNING));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "RUNNING", "RUNNING");
    assertThat(e).cause().satisfies(cause -> assertThat(cause.getSuppressed()).hasSize(1));
  }

  @Test
  void leavesSourceStoppedAfterSecondRollbackFailure() {
    MigrationException e = sourceFails(new Fault.ReadFailure(400, Errno.EIO),
        new Fault.ArcFailure(new Arc(PRE_COPY, RUNNING), Errno.EBUSY, false, 9));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_STOPPED);
    assertThat(e).hasMessageContaining("source: transition from PRE_COPY to RUNNING failed: EBUSY");
    assertThat(e.sourceState()).contains(PRE_COPY);
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "RUNNING", "RUNNING");
  }

  @Test
  void resetsSourceInError() {
    MigrationException e = sourceFails(failIntoError(PRE_COPY_P2P, STOP_COPY));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RESET);
    assertThat(e).hasMessageContaining("its state is lost");
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "reset");
    assertThat(trial.workload).containsExactly("pause");
  }

  @Test
  void leavesSourceInErrorWhenResetFails() {
    MigrationException e =
        sourceFails(failIntoError(PRE_COPY_P2P, STOP_COPY), new Fault.ResetFailure(Errno.EIO, 0));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_STOPPED);
    assertThat(e.sourceState()).contains(DeviceState.ERROR);
  }

  @Test
  void reportsLostSource() {
    MigrationException e = sourceFails(new Fault.LossAtArc(new Arc(PRE_COPY_P2P, STOP_COPY)));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_LOST);
    assertThat(trial.targetActs()).containsExactly("reset", "RESUMING", "reset");
  }

  @Test
  void rollsBackWhenReadFailsInStopCopy() {
    trial.options = MigrationTrial.PATIENT.withPreCopy(false);
    MigrationException e = sourceFails(new Fault.ReadFailure(700, Errno.EIO));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(e.phase()).isInstanceOf(Phase.StopCopy.class);
    assertThat(trial.sourceActs()).containsExactly("RUNNING_P2P", "STOP_COPY", "RUNNING");
    assertThat(trial.targetActs()).containsExactly("reset", "RESUMING", "reset");
  }

  /** Only the target knows whether its devices can be reset: some servers keep their state. */
  @Test
  void reportsUnknownTargetStateWhenSourceAborts() {
    trial.targetSettings = trial.targetSettings.withFaults(new Fault.ResetFailure(Errno.EIO, 1));
    MigrationException e = sourceFails(new Fault.ReadFailure(700, Errno.EIO));
    assertThat(trial.targetActs()).endsWith("reset");
    assertThat(e.targetOutcome()).isEqualTo(
        "ABORT was sent to the target; its own report has the state of its devices.");
    assertThat(e).hasMessageContaining(e.targetOutcome());
  }

  @Test
  void rejectsTruncatedStreamAtTarget() {
    trial.options = MigrationTrial.PATIENT.withPreCopy(false);
    MigrationException e = sourceFails(new Fault.StreamTruncation(700));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(e.targetOutcome()).contains("RESUMING").contains("EINVAL").contains("was reset");
    assertThat(trial.targetActs()).containsExactly("reset", "RESUMING", "STOP", "reset");
  }

  @Test
  void abortsWhenTargetResetFails() {
    MigrationException e = targetFails(new Fault.ResetFailure(Errno.EIO, 0));
    assertThat(e.targetOutcome())
        .contains("could not be reset, but does not run with the state (target: reset: EIO");
    assertThat(e.outcome()).isEqualTo(Outcome.UNTOUCHED);
    assertThat(trial.sourceActs()).isEmpty();
    assertThat(trial.targetActs()).containsExactly("reset", "reset");
  }

  @Test
  void resetsTargetWhenResumingFails() {
    MigrationException e = targetFails(fail(STOP, RESUMING));
    assertThat(e.outcome()).isEqualTo(Outcome.UNTOUCHED);
    assertThat(trial.targetActs()).containsExactly("reset", "RESUMING", "reset");
  }

  @Test
  void resetsTargetWhenDataIsRejected() {
    MigrationException e = targetFails(new Fault.WriteFailure(300, Errno.ENOSPC));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(e.targetOutcome()).contains("ENOSPC");
    assertThat(trial.targetActs()).containsExactly("reset", "RESUMING", "reset");
  }

  @Test
  void resetsTargetWhenStateIsRejected() {
    MigrationException e = targetFails(failIntoError(RESUMING, STOP));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "RUNNING");
    assertThat(trial.targetActs()).containsExactly("reset", "RESUMING", "STOP", "reset");
  }

  @Test
  void returnsOwnershipWhenTargetDoesNotRun() {
    MigrationException e = targetFails(fail(RUNNING_P2P, RUNNING));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(e.phase()).isInstanceOf(Phase.Handover.class);
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "RUNNING");
    assertThat(trial.targetActs())
        .containsExactly("reset", "RESUMING", "STOP", "RUNNING_P2P", "RUNNING", "reset");
  }

  @Test
  void returnsOwnershipWithoutResetIfTargetNeverRan() {
    MigrationException e = targetFails(fail(STOP, RUNNING_P2P), new Fault.ResetFailure(Errno.EIO, 1));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(trial.target().machineState()).isEqualTo(STOP);
  }

  @Test
  void leavesOwnershipUnknownWhenTargetMayRun() {
    MigrationException e = targetFails(fail(RUNNING_P2P, RUNNING), new Fault.ResetFailure(Errno.EIO, 1));
    assertThat(e.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(e).hasMessageContaining("unknown").hasMessageContaining("stays in STOP_COPY");
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "PRE_COPY_P2P", "STOP_COPY");
    assertThat(trial.workload).containsExactly("pause");
  }

  @Test
  void leavesOwnershipUnknownWhenTargetIsLost() {
    MigrationException e = targetFails(new Fault.LossAtArc(new Arc(RUNNING_P2P, RUNNING)));
    assertThat(e.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(e.sourceState()).contains(STOP_COPY);
  }

  @Test
  void notesSourceNotStoppedAfterHandover() {
    trial.sourceSettings = trial.sourceSettings.withFaults(fail(STOP_COPY, STOP));
    MigrationReport report = trial.run().report().orElseThrow();
    assertThat(report.notes()).anyMatch(note -> note.contains("could not be moved to STOP"));
    assertThat(trial.targetRunsWithState()).isTrue();
  }

  @Test
  void rejectsSourceNotRunning() {
    trial.listener = event -> {
      // The first event precedes the first query of the state.
      if (event.side() == Side.SOURCE && trial.source().operations().isEmpty()) {
        moveTo(STOP);
      }
    };
    MigrationException e = trial.run().failureWithoutChecks();
    assertThat(e.outcome()).isEqualTo(Outcome.UNTOUCHED);
    assertThat(e).hasMessageContaining("source is in STOP");
    assertThat(trial.sourceActs()).containsExactly("STOP");
    assertThat(trial.targetActs()).isEmpty();
    assertThat(e.getSuppressed()).singleElement().asInstanceOf(InstanceOfAssertFactories.THROWABLE)
        .hasMessageContaining("the source aborted: source is in STOP");
  }

  private void moveTo(DeviceState state) {
    try {
      trial.source().moveTo(state);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void rejectsDifferentDeviceKinds() {
    trial.targetSettings = trial.targetSettings.withDeviceId(0x1111);
    MigrationException e = trial.run().failure();
    assertThat(e.outcome()).isEqualTo(Outcome.UNTOUCHED);
    assertThat(e).hasMessageContaining("1234:5634").hasMessageContaining("1234:1111");
    assertThat(trial.sourceActs()).isEmpty();
    assertThat(trial.targetActs()).isEmpty();
  }

  @Test
  void rollsBackOnListenerFailureBeforeHandover() {
    trial.listener = event -> {
      if (event instanceof MigrationEvent.TransitionEnd moved && moved.to() == STOP_COPY) {
        throw new IllegalStateException("the proof failed");
      }
    };
    MigrationException e = trial.run().failure();
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(e).hasMessageContaining("the proof failed");
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "RUNNING");
  }

  @Test
  void cancelsOnInterrupt() {
    Thread runs = Thread.currentThread(); // The event occurs in the device's thread.
    trial.listener = event -> {
      if (event instanceof MigrationEvent.TransitionEnd moved && moved.to() == STOP_COPY) {
        runs.interrupt();
      }
    };
    MigrationException e = trial.run().failure();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(e).hasMessageContaining("cancelled");
  }

  @Test
  void ignoresListenerFailureAfterHandover() {
    trial.listener = event -> {
      if (event instanceof MigrationEvent.TransitionEnd moved && moved.to() == RUNNING
          && moved.from() != RUNNING) {
        throw new IllegalStateException("too late");
      }
    };
    trial.run().success();
  }

  @Test
  void rollsBackSlowSwitchover() {
    trial.options = MigrationTrial.PATIENT.withPreCopy(false).withMaxDowntime(Duration.ofSeconds(20));
    trial.sourceSettings = trial.sourceSettings.withClock(trial.clock, 40_000_000);
    MigrationException e = trial.run().failure();
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(e).hasMessageContaining("exceeded the maximum downtime of 20 s")
        .hasMessageContaining("a limit of about");
    assertThat(trial.sourceActs()).containsExactly("RUNNING_P2P", "STOP_COPY", "RUNNING");
    assertThat(trial.workload).containsExactly("pause", "resume source");
  }

  @Test
  void retriesSlowP2pStateBeforePausingWorkload() {
    trial.options = MigrationTrial.PATIENT.withMaxQuiesce(Duration.ofSeconds(1));
    MigrationException e =
        sourceFails(new Fault.ArcDelay(new Arc(PRE_COPY, PRE_COPY_P2P), Duration.ofSeconds(2)));
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(e).hasMessageContaining("did not quiesce in time in 6 attempts");
    assertThat(trial.sourceActs()).startsWith("PRE_COPY", "PRE_COPY_P2P", "PRE_COPY", "PRE_COPY_P2P")
        .endsWith("PRE_COPY", "RUNNING").doesNotContain("STOP_COPY");
    assertThat(trial.workload).isEmpty();
  }

  @Test
  void switchesOverDespiteSlowFirstTransition() {
    trial.options = MigrationTrial.PATIENT.withMaxDowntime(Duration.ofMillis(300));
    trial.sourceSettings =
        trial.sourceSettings
            .withFaults(new Fault.ArcDelay(new Arc(RUNNING, PRE_COPY), Duration.ofSeconds(20)));
    trial.run().success();
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "STOP");
  }

  @Test
  void abortsWhenDeviceNeverConverges() {
    trial.options =
        MigrationTrial.PATIENT.withMaxDowntime(Duration.ofMillis(100))
            .withPolicy(new DowntimePolicy(Duration.ofMinutes(1), WhenNotConverging.ABORT));
    trial.sourceSettings = trial.sourceSettings.withChanges(20, 300).withClock(trial.clock, 1_000_000);
    MigrationException e = trial.run().failure();
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(e).hasMessageContaining("after 60 s of pre-copy").hasMessageContaining("/s can be sent");
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "RUNNING");
    assertThat(trial.workload).isEmpty();
  }

  @Test
  void acceptsLongerStopCopyWithinLimit() {
    trial.sourceSettings = trial.sourceSettings.withFaults(new Fault.StopCopyOverrun(5000));
    assertThat(trial.run().success().stopCopyBytes()).isGreaterThan(5000);
  }

  @Test
  void respectsBandwidthLimit() {
    trial.options =
        MigrationTrial.PATIENT.withPreCopy(false).withMaxBandwidth(4096).withMaxDowntime(Duration.ofHours(1));
    trial.sourceSettings = trial.sourceSettings.withContent(1000, MigrationTrial.SEED);
    trial.targetSettings = trial.targetSettings.withContent(1000, 0);
    MigrationReport report = trial.run().success();
    double seconds = trial.clock.nanoTime() / 1e9;
    assertThat(report.bytes() / seconds).isBetween(3500.0, 4200.0);
  }
}
