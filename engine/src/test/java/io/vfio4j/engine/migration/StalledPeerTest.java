// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.policy.Decision;
import io.vfio4j.engine.stream.FrameHeader;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.Preamble;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.ForwardingTransport;
import io.vfio4j.engine.transport.LocalTransport;
import io.vfio4j.engine.transport.RecordingTransport;
import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Peers that keep the connection open and are silent. */
class StalledPeerTest {

  private static final MigrationOptions IMPATIENT =
      MigrationTrial.PATIENT.withStallTimeout(Duration.ofMillis(50));

  private static final SimulatedSettings SOURCE =
      SimulatedSettings.named("source").withContent(16, MigrationTrial.SEED);

  /** The frames of a target without pre-copy: preamble, HELLO, READY, LOADED, CONFIRMED. */
  private static byte[] recordedTargetStream() {
    RecordingTransport[] recorder = new RecordingTransport[1];
    MigrationTrial trial = new MigrationTrial();
    trial.options = MigrationTrial.PATIENT.withPreCopy(false);
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
          new MigrationSource(DeviceSet.of(source), Connections.single(pair.source()), options, Workload.NONE,
              MigrationListener.NONE);
      MigrationException e = catchThrowableOfType(MigrationException.class, run::run);
      assertThat(e).hasCauseInstanceOf(StalledException.class).hasMessageContaining(" ms");
      return e;
    }
  }

  @Test
  void leavesSourceUntouchedWhenTargetNeverAnswers() throws IOException {
    try (SimulatedDevice source = SOURCE.device()) {
      assertThat(runSource(source, new byte[0]).outcome()).isEqualTo(Outcome.UNTOUCHED);
      assertThat(source.operations()).isEmpty();
    }
  }

  @Test
  void timesOutIncompletePreamble() throws IOException {
    byte[] words = Arrays.copyOf(recordedTargetStream(), Preamble.BYTES + 5);
    try (SimulatedDevice source = SOURCE.device()) {
      assertThat(runSource(source, words).outcome()).isEqualTo(Outcome.UNTOUCHED);
    }
  }

  /** Preamble, HELLO, READY. */
  private static byte[] targetStreamUpToReady() {
    byte[] words = recordedTargetStream();
    int confirmed = FrameHeader.BYTES + 24;
    return Arrays.copyOf(words, words.length - confirmed - FrameHeader.BYTES);
  }

  /** With nothing to send and nothing to wait for, it may continue like that for days. */
  @Test
  void detectsSilentTargetInPreCopy() throws IOException {
    MigrationOptions endless = IMPATIENT.withPolicy(_ -> new Decision.Continue("not yet"));
    try (SimulatedDevice source = SOURCE.device()) {
      MigrationException e = runSource(source, targetStreamUpToReady(), endless);
      assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
      assertThat(e).hasMessageContaining("gave no sign of life");
      assertThat(source.operations()).extracting(Object::toString).containsExactly("PRE_COPY", "RUNNING");
    }
  }

  @Test
  void resumesSourceWhenTargetNeverLoads() throws IOException {
    MigrationOptions patientEnoughToStop =
        IMPATIENT.withStallTimeout(Duration.ofSeconds(3)).withPreCopy(false);
    try (SimulatedDevice source = SOURCE.device()) {
      MigrationException e = runSource(source, targetStreamUpToReady(), patientEnoughToStop);
      assertThat(e.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
      assertThat(e.targetOutcome()).contains("is in this process").doesNotContain("reset");
      assertThat(source.operations()).extracting(Object::toString)
          .containsExactly("RUNNING_P2P", "STOP_COPY", "RUNNING");
    }
  }

  @Test
  void resetsTargetWhenSourceFallsSilent() throws IOException {
    LocalTransport.Pair pair = LocalTransport.pair();
    RecordingTransport[] recorder = new RecordingTransport[1];
    MigrationTrial trial = new MigrationTrial();
    trial.sourceTransport = inner -> recorder[0] = new RecordingTransport(inner, -1, b -> b);
    trial.run().success();
    byte[] words = recorder[0].sent();
    try (Transport silent = pair.source();
        SimulatedDevice target = SimulatedSettings.named("target").device()) {
      silent.send(ByteBuffer.wrap(words, 0, words.length / 2), Duration.ofMinutes(1));
      MigrationTarget run = new MigrationTarget(DeviceSet.of(target), Connections.single(pair.target()),
          IMPATIENT, MigrationListener.NONE);
      MigrationException e = catchThrowableOfType(MigrationException.class, run::run);
      assertThat(e).hasCauseInstanceOf(StalledException.class).hasMessageContaining("its device was reset");
      assertThat(target.operations()).extracting(Object::toString).containsExactly("reset", "RESUMING",
          "reset");
      assertThat(target.machineState()).isEqualTo(DeviceState.RUNNING);
    }
  }

  /** Which timeout expires first varies: the source does not know the outcome, or receives it in time. */
  @Test
  void neverRunsBothWhenCommitIsLost() {
    MigrationTrial trial = new MigrationTrial();
    trial.options = MigrationTrial.PATIENT.withStallTimeout(Duration.ofSeconds(3)); // It must get this far even on a busy machine.
    trial.sourceTransport = CommitDropper::new;
    assertThat(trial.run().failure().outcome()).isIn(Outcome.UNKNOWN, Outcome.SOURCE_RUNNING);
    assertThat(trial.targetRunsWithState()).isFalse();
  }

  /** Drops one frame. */
  private static final class CommitDropper extends ForwardingTransport {

    CommitDropper(Transport inner) {
      super(inner);
    }

    @Override
    public void send(ByteBuffer data, Duration stall) throws IOException {
      if (data.remaining() == FrameHeader.BYTES && data.get(0) == FrameKind.COMMIT.wireValue()) {
        data.position(data.limit());
      } else {
        super.send(data, stall);
      }
    }
  }
}
