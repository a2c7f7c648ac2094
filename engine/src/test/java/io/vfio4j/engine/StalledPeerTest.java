// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Peers that keep the connection open and keep still. */
class StalledPeerTest {

  private static final MigrationOptions IMPATIENT = Trial.PATIENT.withStallTimeout(Duration.ofMillis(50));

  private static final SimulatedSettings SOURCE =
      SimulatedSettings.named("source").withContent(16, Trial.SEED);

  /** What a target sends in a migration without pre-copy: preamble, HELLO, READY, LOADED, CONFIRMED. */
  private static byte[] wordsOfATarget() {
    RecordingTransport[] recorder = new RecordingTransport[1];
    Trial trial = new Trial();
    trial.options = Trial.PATIENT.withPreCopy(false);
    trial.targetTransport = inner -> recorder[0] = new RecordingTransport(inner, -1, b -> b);
    trial.run().success();
    return recorder[0].sent();
  }

  private static MigrationException runSource(SimulatedDevice source, byte[] saidByTheTarget)
      throws IOException {
    return runSource(source, saidByTheTarget, IMPATIENT);
  }

  private static MigrationException runSource(SimulatedDevice source, byte[] saidByTheTarget,
      MigrationOptions options) throws IOException {
    LocalTransport.Pair pair = LocalTransport.pair();
    try (Transport silent = pair.target()) {
      silent.send(ByteBuffer.wrap(saidByTheTarget), Duration.ofMinutes(1));
      MigrationSource run =
          new MigrationSource(Ensemble.of(source), Connections.only(pair.source()), options, Workload.NONE,
              MigrationListener.NONE);
      MigrationException e = catchThrowableOfType(MigrationException.class, run::run);
      assertThat(e).hasCauseInstanceOf(StalledException.class).hasMessageContaining(" ms");
      return e;
    }
  }

  @Test
  void targetThatNeverAnswersLeavesTheSourceUntouched() throws IOException {
    try (SimulatedDevice source = SOURCE.device()) {
      assertThat(runSource(source, new byte[0]).outcome()).isEqualTo(Outcome.UNTOUCHED);
      assertThat(source.acts()).isEmpty();
    }
  }

  @Test
  void targetThatOnlyDribblesIsGivenUp() throws IOException {
    byte[] words = Arrays.copyOf(wordsOfATarget(), Preamble.BYTES + 5);
    try (SimulatedDevice source = SOURCE.device()) {
      assertThat(runSource(source, words).outcome()).isEqualTo(Outcome.UNTOUCHED);
    }
  }

  /** Preamble, HELLO, READY. */
  private static byte[] wordsUpToReady() {
    byte[] words = wordsOfATarget();
    int confirmed = FrameHeader.BYTES + 24;
    return Arrays.copyOf(words, words.length - confirmed - FrameHeader.BYTES);
  }

  /** It has nothing to send and nothing to wait for, and may go on like that for days. */
  @Test
  void sourceInPreCopyNoticesATargetThatFellSilent() throws IOException {
    MigrationOptions endless = IMPATIENT.withPolicy(_ -> new Decision.GoOn("not yet"));
    try (SimulatedDevice source = SOURCE.device()) {
      MigrationException e = runSource(source, wordsUpToReady(), endless);
      assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
      assertThat(e).hasMessageContaining("gave no sign of life");
      assertThat(source.acts()).extracting(Object::toString).containsExactly("PRE_COPY", "RUNNING");
    }
  }

  @Test
  void targetThatNeverLoadsGivesTheSourceItsDeviceBack() throws IOException {
    MigrationOptions patientEnoughToStop =
        IMPATIENT.withStallTimeout(Duration.ofSeconds(3)).withPreCopy(false);
    try (SimulatedDevice source = SOURCE.device()) {
      MigrationException e = runSource(source, wordsUpToReady(), patientEnoughToStop);
      assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
      assertThat(e.targetFate()).contains("is in this process").doesNotContain("reset");
      assertThat(source.acts()).extracting(Object::toString)
          .containsExactly("RUNNING_P2P", "STOP_COPY", "RUNNING");
    }
  }

  @Test
  void sourceThatFallsSilentHasTheTargetReset() throws IOException {
    LocalTransport.Pair pair = LocalTransport.pair();
    RecordingTransport[] recorder = new RecordingTransport[1];
    Trial trial = new Trial();
    trial.sourceTransport = inner -> recorder[0] = new RecordingTransport(inner, -1, b -> b);
    trial.run().success();
    byte[] words = recorder[0].sent();
    try (Transport silent = pair.source();
        SimulatedDevice target = SimulatedSettings.named("target").device()) {
      silent.send(ByteBuffer.wrap(words, 0, words.length / 2), Duration.ofMinutes(1));
      MigrationTarget run = new MigrationTarget(Ensemble.of(target), Connections.only(pair.target()),
          IMPATIENT, MigrationListener.NONE);
      MigrationException e = catchThrowableOfType(MigrationException.class, run::run);
      assertThat(e).hasCauseInstanceOf(StalledException.class).hasMessageContaining("its device was reset");
      assertThat(target.acts()).extracting(Object::toString).containsExactly("reset", "RESUMING", "reset");
      assertThat(target.machineState()).isEqualTo(DeviceState.RUNNING);
    }
  }

  /** Whose patience ends first is open: the source does not know, or the target tells it in time. */
  @Test
  void yoursThatIsLostNeverLetsBothRun() {
    Trial trial = new Trial();
    trial.options = Trial.PATIENT.withStallTimeout(Duration.ofSeconds(3)); // It has to come so far on a busy machine.
    trial.sourceTransport = YoursLost::new;
    assertThat(trial.run().failure().outcome()).isIn(Outcome.UNKNOWN, Outcome.SOURCE_RUNNING);
    assertThat(trial.targetRunsTheState()).isFalse();
  }

  /** Drops one frame. */
  private static final class YoursLost extends ForwardingTransport {

    YoursLost(Transport inner) {
      super(inner);
    }

    @Override
    public void send(ByteBuffer data, Duration stall) throws IOException {
      if (data.remaining() == FrameHeader.BYTES && data.get(0) == FrameKind.YOURS.wireValue()) {
        data.position(data.limit());
      } else {
        super.send(data, stall);
      }
    }
  }
}
