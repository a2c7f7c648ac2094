// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.transport.TestKeys;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportPair;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Migrations without faults: the transitions of both devices, and the report. */
class SuccessfulMigrationTest {

  @TempDir
  private Path folder;

  @Test
  void movesDeviceThroughEveryState() {
    MigrationTrial trial = new MigrationTrial().run();
    MigrationReport report = trial.success();
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "STOP");
    assertThat(trial.targetActs()).containsExactly("reset", "RESUMING", "STOP", "RUNNING_P2P", "RUNNING");
    assertThat(report.bytes()).isEqualTo(report.target().bytes()).isPositive();
    assertThat(report.rounds()).isNotEmpty();
    assertThat(report.rounds().stream().mapToLong(MigrationReport.Round::bytes).sum())
        .isEqualTo(report.bytes() - report.stopCopyBytes());
    assertThat(report.devices().getFirst().target().name()).isEqualTo("target");
    assertThat(report.notCarried()).containsExactly("config space", "interrupt setup", "DMA mappings");
    assertThat(report.phases()).extracting(MigrationReport.PhaseTime::title)
        .containsExactly("pre-flight", "pre-copy", "quiescing", "stop-copy", "handover");
  }

  @Test
  void skipsPreCopyWhenDisabled() {
    MigrationTrial trial = new MigrationTrial();
    trial.options = MigrationTrial.PATIENT.withPreCopy(false);
    MigrationReport report = trial.run().success();
    assertThat(trial.sourceActs()).containsExactly("RUNNING_P2P", "STOP_COPY", "STOP");
    assertThat(report.rounds()).isEmpty();
    assertThat(report.predictedDowntime()).isEmpty();
    assertThat(report.stopCopyBytes()).isEqualTo(report.bytes());
  }

  @Test
  void movesDeviceWithStopCopyOnly() {
    MigrationTrial trial = new MigrationTrial();
    trial.sourceSettings = trial.sourceSettings.withFeatures(MigrationFeatures.of());
    trial.targetSettings = trial.targetSettings.withFeatures(MigrationFeatures.of());
    trial.run().success();
    assertThat(trial.sourceActs()).containsExactly("STOP_COPY", "STOP");
    assertThat(trial.targetActs()).containsExactly("reset", "RESUMING", "STOP", "RUNNING");
  }

  @Test
  void movesDeviceWithoutP2pOrEstimates() {
    MigrationTrial trial = new MigrationTrial();
    MigrationFeatures features = MigrationFeatures.of(MigrationFeature.PRE_COPY);
    trial.sourceSettings =
        trial.sourceSettings.withFeatures(features).withChanges(0, 300).withEstimates(false, false);
    trial.targetSettings = trial.targetSettings.withFeatures(features);
    MigrationReport report = trial.run().success();
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "STOP_COPY", "STOP");
    assertThat(report.rounds()).hasSize(1);
  }

  @Test
  void migratesOverUnixSockets() throws Exception {
    migrateOverSockets(new TransportAddress.Unix(folder.resolve("m.sock")));
  }

  @Test
  void migratesOverTcp() throws Exception {
    migrateOverSockets(new TransportAddress.Tcp("127.0.0.1", 0));
  }

  private static void migrateOverSockets(TransportAddress address) throws Exception {
    MigrationTrial trial = new MigrationTrial();
    trial.sourceSettings =
        trial.sourceSettings.withContent(60_000, MigrationTrial.SEED).withChanges(2, 1 << 20);
    trial.targetSettings = trial.targetSettings.withContent(60_000, 0);
    try (TransportPair ends = TransportPair.over(address, TestKeys.SET.policy("127.0.0.1"))) {
      MigrationReport report = trial.run(ends.one(), ends.other()).success();
      assertThat(report.bytes()).isGreaterThan(60_000L * 64);
    }
  }

  @Test
  void reportsTransitionsBeforeAndAfter() {
    MigrationTrial trial = new MigrationTrial().run();
    trial.success();
    List<DeviceState> begun = trial.events.stream()
        .mapMulti((MigrationEvent e, Consumer<DeviceState> sink) -> {
          if (e instanceof MigrationEvent.TransitionStart moving && moving.side() == Side.SOURCE) {
            sink.accept(moving.to());
          }
        }).toList();
    List<DeviceState> ended = trial.events.stream()
        .mapMulti((MigrationEvent e, Consumer<DeviceState> sink) -> {
          if (e instanceof MigrationEvent.TransitionEnd moved && moved.side() == Side.SOURCE) {
            sink.accept(moved.to());
          }
        }).toList();
    assertThat(begun).containsExactly(DeviceState.PRE_COPY, DeviceState.PRE_COPY_P2P, DeviceState.STOP_COPY,
        DeviceState.STOP).isEqualTo(ended);
  }

  @Test
  void runsInOneProcessWithSystemClock() throws Exception {
    MigrationTrial trial = new MigrationTrial();
    try (var source = trial.sourceSettings.device(); var target = trial.targetSettings.device()) {
      MigrationReport report =
          LocalMigration.run(source, target, MigrationTrial.PATIENT, Workload.NONE, MigrationListener.NONE);
      assertThat(target.content()).isEqualTo(source.content());
      assertThat(report.downtime()).isPositive();
    }
  }
}
