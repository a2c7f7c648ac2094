// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static io.vfio4j.model.DeviceState.PRE_COPY;
import static io.vfio4j.model.DeviceState.PRE_COPY_P2P;
import static io.vfio4j.model.DeviceState.RUNNING;
import static io.vfio4j.model.DeviceState.RUNNING_P2P;
import static io.vfio4j.model.DeviceState.STOP;
import static io.vfio4j.model.DeviceState.STOP_COPY;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.DeviceOutcome;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.WhenNotConverging;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.LocalConnections;
import io.vfio4j.engine.transport.LocalTransport;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.testkit.Fault;
import io.vfio4j.testkit.Seeds;
import io.vfio4j.testkit.SimulatedSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Several devices that migrate together: the barriers in both directions, and the rollback of all when one
 * fails.
 */
class SeveralDevicesTest {

  private static final MigrationFeatures NO_P2P = MigrationFeatures.of(MigrationFeature.PRE_COPY);

  private final GroupTrial trial = new GroupTrial(4);

  /** Changes the settings of one of the source's devices. */
  private void source(int which, UnaryOperator<SimulatedSettings> change) {
    var before = trial.sourceSettings;
    trial.sourceSettings =
        number -> number == which ? change.apply(before.apply(number)) : before.apply(number);
  }

  private void target(int which, UnaryOperator<SimulatedSettings> change) {
    var before = trial.targetSettings;
    trial.targetSettings =
        number -> number == which ? change.apply(before.apply(number)) : before.apply(number);
  }

  private static Fault.ArcFailure fail(DeviceState from, DeviceState to) {
    return new Fault.ArcFailure(new Arc(from, to), Errno.EIO, false, 1);
  }

  private static Fault.ArcFailure failIntoError(DeviceState from, DeviceState to) {
    return new Fault.ArcFailure(new Arc(from, to), Errno.EIO, true, 1);
  }

  @Test
  void movesAllDevicesKeepingBarriers() {
    MigrationReport report = trial.run().success();
    assertThat(report.devices()).hasSize(4);
    assertThat(report.devices().stream().mapToLong(MigrationReport.DeviceReport::bytes).sum())
        .isEqualTo(report.bytes());
    for (int i = 0; i < 4; i++) {
      assertThat(trial.acts(trial.source(i))).containsExactly("PRE_COPY", "PRE_COPY_P2P", "STOP_COPY",
          "STOP");
      assertThat(trial.acts(trial.target(i)))
          .containsExactly("reset", "RESUMING", "STOP", "RUNNING_P2P", "RUNNING");
    }
  }

  @Test
  void sharesSingleConnection() {
    LocalTransport.Pair pair = LocalTransport.pair(4000);
    trial.connections =
        new LocalConnections(Connections.single(pair.source()), Connections.single(pair.target()));
    trial.run().success();
  }

  @Test
  void movesDevicesWithAndWithoutPreCopy() {
    MigrationFeatures noPreCopy = MigrationFeatures.of(MigrationFeature.P2P);
    source(1, settings -> settings.withFeatures(noPreCopy));
    target(1, settings -> settings.withFeatures(noPreCopy));
    trial.run().success();
    assertThat(trial.acts(trial.source(1))).containsExactly("RUNNING_P2P", "STOP_COPY", "STOP");
    assertThat(trial.acts(trial.source(2))).startsWith("PRE_COPY", "PRE_COPY_P2P");
  }

  @Test
  void rejectsSourceDeviceWithoutP2p() {
    source(2, settings -> settings.withFeatures(NO_P2P));
    MigrationException e = trial.run().failureWithSourceRunning();
    assertThat(e.outcome()).isEqualTo(Outcome.UNTOUCHED);
    assertThat(e).hasMessageContaining("source2: no P2P states").hasMessageContaining("--no-peer-dma");
    IntStream.range(0, 4).forEach(i -> assertThat(trial.acts(trial.source(i))).isEmpty());
    IntStream.range(0, 4).forEach(i -> assertThat(trial.acts(trial.target(i))).isEmpty());
  }

  @Test
  void rejectsTargetDeviceWithoutP2p() {
    target(3, settings -> settings.withFeatures(NO_P2P));
    MigrationException e = trial.run().failureWithSourceRunning();
    assertThat(e).hasMessageContaining("target3: no P2P states");
  }

  /** With --no-peer-dma there is no barrier to hold; the workload stops before the devices quiesce. */
  @Test
  void movesWithoutP2pWhenPeerDmaIsExcluded() {
    source(2, settings -> settings.withFeatures(NO_P2P));
    target(2, settings -> settings.withFeatures(NO_P2P));
    trial.options = MigrationTrial.PATIENT.withNoPeerDma(true);
    trial.run();
    assertThat(trial.report()).isPresent();
    assertThat(trial.acts(trial.source(2))).containsExactly("PRE_COPY", "STOP_COPY", "STOP");
    assertThat(trial.acts(trial.source(1))).containsExactly("PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "STOP");
  }

  @Test
  void rejectsDifferentDevices() {
    GroupTrial three = new GroupTrial(3);
    three.targetSettings =
        number -> trial.targetSettings.apply(number).withDeviceId(number == 2 ? 7 : 0x5634);
    MigrationException e = three.run().failureWithSourceRunning();
    assertThat(e).hasMessageContaining("the devices differ: source2");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3})
  void rollsBackAllWhenOneFailsToQuiesce(int which) {
    source(which, settings -> settings.withFaults(fail(PRE_COPY, PRE_COPY_P2P)));
    MigrationException e = trial.run().failureWithSourceRunning();
    assertThat(e).hasMessageContaining("EIO").hasMessageContaining("run again at the source");
    assertThat(trial.workload).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2})
  void rollsBackThroughP2pStatesWhenOneFailsToStop(int which) {
    source(which, settings -> settings.withFaults(fail(PRE_COPY_P2P, STOP_COPY)));
    trial.run().failureWithSourceRunning();
    assertThat(trial.acts(trial.source(1))).containsExactly("PRE_COPY", "PRE_COPY_P2P", "STOP_COPY",
        "RUNNING_P2P", "RUNNING");
    assertThat(trial.workload).containsExactly("pause", "resume source");
  }

  @Test
  void resetsDeviceInErrorKeepingOthers() {
    source(1, settings -> settings.withFaults(failIntoError(PRE_COPY_P2P, STOP_COPY)));
    MigrationException e = trial.run().failure();
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RESET);
    assertThat(e).hasMessageContaining("source1 was reset")
        .hasMessageContaining("source0, source2, source3 run again");
    assertThat(e.devices()).extracting(DeviceOutcome::outcome).containsExactly(Outcome.SOURCE_RUNNING,
        Outcome.SOURCE_RESET, Outcome.SOURCE_RUNNING, Outcome.SOURCE_RUNNING);
    assertThat(trial.source(0).stateFingerprint()).isNotZero();
  }

  /** The other devices could access it, so it is excluded. */
  @Test
  void keepsOthersQuiescentWhileOneIsStopped() {
    source(1, settings -> settings.withFaults(new Fault.ReadFailure(700, Errno.EIO),
        new Fault.ArcFailure(new Arc(STOP, RUNNING_P2P), Errno.EBUSY, false, 9)));
    trial.options = MigrationTrial.PATIENT.withPreCopy(false);
    MigrationException e = trial.run().failure();
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_STOPPED);
    assertThat(e.devices()).extracting(DeviceOutcome::outcome).containsExactly(Outcome.SOURCE_QUIET,
        Outcome.SOURCE_STOPPED, Outcome.SOURCE_QUIET, Outcome.SOURCE_QUIET);
    assertThat(e.devices().getFirst().state()).contains(RUNNING_P2P);
    assertThat(e).hasMessageContaining("source1 (STOP) did not get back to RUNNING")
        .hasMessageContaining("source0, source2, source3 stay without starting peer-to-peer DMA");
    assertThat(trial.workload).containsExactly("pause");
  }

  @Test
  void resumesOthersWhenOneIsLost() {
    source(3, settings -> settings.withFaults(new Fault.LossAtArc(new Arc(PRE_COPY_P2P, STOP_COPY))));
    MigrationException e = trial.run().failure();
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_LOST);
    assertThat(e.devices().getLast().outcome()).isEqualTo(Outcome.SOURCE_LOST);
    assertThat(trial.source(0).machineState()).isEqualTo(RUNNING);
    assertThat(trial.workload).containsExactly("pause");
  }

  @Test
  void rollsBackAllWhenTargetRejectsOne() {
    target(2, settings -> settings.withFaults(failIntoError(DeviceState.RESUMING, STOP)));
    MigrationException e = trial.run().failureWithSourceRunning();
    assertThat(e.targetOutcome()).contains("its devices were reset");
  }

  @Test
  void returnsAllWhenOneDoesNotStart() {
    target(2, settings -> settings.withFaults(fail(STOP, RUNNING_P2P)));
    MigrationException e = trial.run().failureWithSourceRunning();
    assertThat(e.phase()).isInstanceOf(Phase.Handover.class);
    assertThat(trial.acts(trial.target(0))).doesNotContain("RUNNING").endsWith("reset");
  }

  @Test
  void keepsSourcesStoppedWhenTargetIsLostStarting() {
    target(2, settings -> settings.withFaults(new Fault.LossAtArc(new Arc(RUNNING_P2P, RUNNING))));
    MigrationException e = trial.run().failure();
    assertThat(e.outcome()).isEqualTo(Outcome.UNKNOWN);
    IntStream.range(0, 4)
        .forEach(i -> assertThat(trial.source(i).machineState()).isEqualTo(STOP_COPY));
  }

  @Test
  void rollsBackAllOnLateP2pState() {
    trial.options = MigrationTrial.PATIENT.withMaxQuiesce(Duration.ofSeconds(1));
    source(1, settings -> settings
        .withFaults(new Fault.ArcDelay(new Arc(PRE_COPY, PRE_COPY_P2P), Duration.ofSeconds(2))));
    MigrationException e = trial.run().failureWithSourceRunning();
    assertThat(e).hasMessageContaining("did not quiesce");
    for (int i = 0; i < 4; i++) {
      assertThat(trial.acts(trial.source(i))).startsWith("PRE_COPY", "PRE_COPY_P2P", "PRE_COPY")
          .endsWith("PRE_COPY", "RUNNING").doesNotContain("STOP_COPY");
    }
    assertThat(trial.workload).isEmpty();
  }

  /** On the system clock: a call that hangs until all others have returned to their previous states. */
  @Test
  void rollsBackOthersWhileOneHangs() {
    CountDownLatch othersAreBack = new CountDownLatch(3);
    trial.options = MigrationTrial.PATIENT.withMaxQuiesce(Duration.ofMillis(1));
    trial.listener = event -> {
      if (event instanceof MigrationEvent.TransitionEnd moved && moved.to() == PRE_COPY
          && moved.from() == PRE_COPY_P2P && !moved.device().equals("source2")) {
        othersAreBack.countDown();
      }
    };
    source(2, settings -> settings
        .withFaults(new Fault.ArcBlock(new Arc(PRE_COPY, PRE_COPY_P2P), othersAreBack)));
    trial.run();
    assertThat(othersAreBack.getCount()).isZero();
    trial.checkBarriers();
  }

  @Test
  void reportsHungCallAndResumesOthers() {
    CountDownLatch forEver = new CountDownLatch(1);
    trial.options =
        MigrationTrial.PATIENT.withMaxQuiesce(Duration.ofMillis(1)).withArcTimeout(Duration.ofMillis(50));
    source(2, settings -> settings
        .withFaults(new Fault.ArcBlock(new Arc(PRE_COPY, PRE_COPY_P2P), forEver)));
    trial.run();
    MigrationException e = trial.failureWithoutChecks();
    forEver.countDown();
    assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_STUCK);
    assertThat(e).hasMessageContaining("source2: the call to").hasMessageContaining("has not returned");
    assertThat(e.devices()).extracting(DeviceOutcome::outcome).contains(Outcome.SOURCE_STUCK);
    assertThat(e.devices().get(2).state()).isEqualTo(Optional.empty());
    assertThat(trial.workload).isEmpty();
  }

  @Test
  void completesPageFaultsInP2pStates() {
    trial.hasPageFaults = true;
    trial.run().success();
    assertThat(trial.workload).containsExactly("faults while [PRE_COPY_P2P]", "pause", "resume target");
  }

  /** The connections hold 4000 bytes each: if the slow one delayed the others, this would not end. */
  @Test
  void transfersOthersDespiteSlowDevice() {
    CountDownLatch others = new CountDownLatch(3);
    source(0, settings -> settings.withContent(400, 1));
    target(0, settings -> settings.withContent(400, 0).withFaults(new Fault.WriteBlock(0, others)));
    for (int which = 1; which < 4; which++) {
      CountDownLatch once = others;
      source(which, settings -> settings.withContent(400, 2));
      target(which, settings -> settings.withContent(400, 0)
          .withFaults(new Fault.WriteNotification(20_000, new OnceLatch(once))));
    }
    trial.run().success();
  }

  /** Counts a latch down, the first time only. */
  private static final class OnceLatch extends CountDownLatch {
    private final CountDownLatch other;

    OnceLatch(CountDownLatch other) {
      super(1);
      this.other = other;
    }

    @Override
    public synchronized void countDown() {
      if (getCount() > 0) {
        super.countDown();
        other.countDown();
      }
    }
  }

  @Test
  void waitsForInitialDataOfAllDevices() {
    CountDownLatch sourceWaits = new CountDownLatch(1);
    target(2, settings -> settings.withFaults(new Fault.WriteBlock(500, sourceWaits)));
    boolean[] tooEarly = new boolean[1];
    trial.listener = event -> {
      if (event instanceof MigrationEvent.PhaseStart began && began.side() == Side.SOURCE) {
        tooEarly[0] |= began.phase() instanceof Phase.Quiescing && sourceWaits.getCount() > 0;
        if (began.reason().equals("the target has not loaded everything that was sent")) {
          sourceWaits.countDown();
        }
      }
    };
    trial.run().success();
    assertThat(sourceWaits.getCount()).isZero();
    assertThat(tooEarly[0]).isFalse();
  }

  @Test
  void rollsBackOversizedStopCopy() {
    trial.options = MigrationTrial.PATIENT.withMaxDowntime(Duration.ofSeconds(1)).withPreCopy(false);
    source(3,
        settings -> settings.withFaults(new Fault.StopCopyOverrun(130_000)).withClock(trial.clock, 20_000));
    MigrationException e = trial.run().failureWithSourceRunning();
    assertThat(e).hasMessageContaining("exceeded the maximum downtime of 1000 ms");
    assertThat(trial.workload).containsExactly("pause", "resume source");
  }

  @Test
  void abortsWhenDirtyBytesOnlyRise() {
    trial.options = MigrationTrial.PATIENT.withMaxDowntime(Duration.ofMillis(100))
        .withPolicy(new DowntimePolicy(Duration.ofMinutes(1), WhenNotConverging.ABORT));
    source(1, settings -> settings.withChanges(20, 300).withClock(trial.clock, 1_000_000));
    MigrationException e = trial.run().failureWithSourceRunning();
    assertThat(e).hasMessageContaining("of pre-copy the switchover would still take");
    assertThat(trial.workload).isEmpty();
  }

  @Test
  void keepsBarriersUnderRandomFaults() {
    List<Arc> arcs = Arc.of(MigrationFeatures.ALL);
    Seeds.forEach(300, random -> {
      GroupTrial some = new GroupTrial(2 + random.nextInt(3));
      some.options = MigrationTrial.PATIENT.withPreCopy(random.nextBoolean());
      int faulty = random.nextInt(some.count);
      Fault fault = switch (random.nextInt(4)) {
        case 0 -> new Fault.ReadFailure(random.nextInt(2000), Errno.EIO);
        case 1 -> new Fault.LossAtCall(1 + random.nextInt(40));
        case 2 -> new Fault.LossAtArc(arcs.get(random.nextInt(arcs.size())));
        default ->
          new Fault.ArcFailure(arcs.get(random.nextInt(arcs.size())), Errno.EIO, random.nextBoolean(),
              1 + random.nextInt(3));
      };
      boolean atSource = random.nextBoolean();
      var sources = some.sourceSettings;
      var targets = some.targetSettings;
      some.sourceSettings = number -> atSource && number == faulty
          ? sources.apply(number).withFaults(fault) : sources.apply(number);
      some.targetSettings = number -> !atSource && number == faulty
          ? targets.apply(number).withFaults(fault) : targets.apply(number);
      some.run();
      if (some.report().isEmpty()) {
        some.failure();
      } else {
        some.checkBarriers();
      }
    });
  }
}
