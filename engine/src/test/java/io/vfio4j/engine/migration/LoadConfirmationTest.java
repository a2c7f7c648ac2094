// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.connection.AckReader;
import io.vfio4j.engine.connection.Confirmations;
import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.policy.Decision;
import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.RoundFacts;
import io.vfio4j.engine.policy.WhenNotConverging;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.StreamException;
import io.vfio4j.engine.transport.LocalTransport;
import io.vfio4j.engine.util.NanoClock;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.testkit.Fault;
import io.vfio4j.testkit.SimulatedSettings;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/**
 * Nothing is paused before the target has loaded everything that was sent; and predictions without known
 * sizes.
 */
class LoadConfirmationTest {

  /** The offset in the stream of a device that has sent its 16 pages once, and more. */
  private static final long AFTER_INITIAL = 1200;

  private static final String NOT_LOADED = "the target has not loaded everything that was sent";

  /**
   * The last write of pre-copy hangs at the target, after all initial data: the source does not stop
   * meanwhile.
   */
  @Test
  void waitsForTargetToLoadBeforeQuiescing() {
    CountDownLatch sourceWaits = new CountDownLatch(1);
    AtomicBoolean tooEarly = new AtomicBoolean();
    GroupTrial trial = new GroupTrial(2);
    trial.sourceMemory = memory((byte) 0x5e);
    trial.targetMemory = memory((byte) 0);
    trial.options = MigrationTrial.PATIENT.withPolicy(LoadConfirmationTest::whenLoaded);
    trial.targetSettings = settings(trial, sourceWaits);
    trial.listener = event -> {
      if (event instanceof MigrationEvent.PhaseStart began && began.side() == Side.SOURCE) {
        if (began.phase() instanceof Phase.Quiescing && sourceWaits.getCount() > 0) {
          tooEarly.set(true);
          sourceWaits.countDown();
        }
        if (began.reason().equals(NOT_LOADED)) {
          sourceWaits.countDown();
        }
      }
    };
    trial.run().success();
    assertThat(sourceWaits.getCount()).isZero();
    assertThat(tooEarly).isFalse();
  }

  /** By round 3 the target has long acknowledged the initial data. */
  private static Decision whenLoaded(RoundFacts facts) {
    if (facts.round() < 3) {
      return new Decision.Continue("there is to be more after the initial data");
    }
    return facts.acknowledged()
        ? new Decision.SwitchOver(Optional.empty(), "everything is loaded")
        : new Decision.Continue(NOT_LOADED);
  }

  private static IntFunction<SimulatedSettings> settings(GroupTrial trial, CountDownLatch until) {
    IntFunction<SimulatedSettings> usual = trial.targetSettings;
    return number -> number == 1
        ? usual.apply(number).withFaults(new Fault.WriteBlock(AFTER_INITIAL, until))
        : usual.apply(number);
  }

  private static MemoryRegions memory(byte content) {
    MemorySegment memory = Arena.ofAuto().allocate(40 * 4096, 4096);
    memory.fill(content);
    return MemoryRegions.of(new MemoryRegion("ram", 0, memory));
  }

  /**
   * A foreign server: no estimate of its size, a small state of which some is sent in pre-copy, and slow
   * first calls.
   */
  @Test
  void switchesOverTinyIdleDevice() {
    MigrationTrial trial = new MigrationTrial();
    MigrationFeatures features = MigrationFeatures.of(MigrationFeature.PRE_COPY);
    trial.sourceSettings = trial.sourceSettings.withFeatures(features).withContent(2, MigrationTrial.SEED)
        .withChanges(0, 300).withEstimates(true, false).withClock(trial.clock, 800_000);
    trial.targetSettings = trial.targetSettings.withFeatures(features).withContent(2, 0);
    trial.options = MigrationTrial.PATIENT.withMaxDowntime(Duration.ofMillis(300))
        .withPolicy(facts -> {
          Decision decision =
              new DowntimePolicy(Duration.ofMinutes(1), WhenNotConverging.ABORT).decide(facts);
          return decision instanceof Decision.SwitchOver
              ? new Decision.SwitchOver(Optional.empty(), decision.reason())
              : decision;
        });
    MigrationReport report = trial.run().success();
    assertThat(report.predictedDowntime().orElseThrow()).isLessThan(Duration.ofMillis(300));
  }

  @Test
  void rejectsUnrequestedConfirmation() throws Exception {
    LocalTransport.Pair pair = LocalTransport.pair();
    try (StreamConnection source = link(pair.source(), Side.SOURCE);
        StreamConnection target = link(pair.target(), Side.TARGET)) {
      Confirmations confirmations = new Confirmations(2, true);
      AckReader control = new AckReader(source, List.of(), 1, confirmations);
      confirmations.request(1, source.out());
      target.out().send(FrameKind.SYNCED, 1, 0);
      assertThat(control.awaitConfirmed(Duration.ofMinutes(1))).isTrue();
      target.out().send(FrameKind.SYNCED, 1, 0);
      assertThatThrownBy(control::poll).isInstanceOf(StreamException.class)
          .hasMessageContaining("SYNCED while it was sent data");
    }
  }

  @Test
  void skipsConfirmationForOlderTarget() throws Exception {
    LocalTransport.Pair pair = LocalTransport.pair();
    try (StreamConnection source = link(pair.source(), Side.SOURCE);
        StreamConnection target = link(pair.target(), Side.TARGET)) {
      Confirmations confirmations = new Confirmations(1, false);
      confirmations.request(0, source.out());
      assertThat(confirmations.isComplete()).isTrue();
      assertThat(target.hasInput()).isFalse();
    }
  }

  private static StreamConnection link(Transport transport, Side side) {
    return new StreamConnection(transport, Duration.ofMinutes(1),
        new PhaseTracker(side, NanoClock.SYSTEM, MigrationListener.NONE));
  }
}
