// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Migrations without trouble: the moves of both devices, and what the report says. */
class GoodMigrationTest {

  @TempDir
  private Path folder;

  @Test
  void movesTheDeviceThroughEveryState() {
    Trial trial = new Trial().run();
    MigrationReport report = trial.success();
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "STOP");
    assertThat(trial.targetActs()).containsExactly("reset", "RESUMING", "STOP", "RUNNING_P2P", "RUNNING");
    assertThat(report.bytes()).isEqualTo(report.atTarget().bytes()).isPositive();
    assertThat(report.rounds()).isNotEmpty();
    assertThat(report.rounds().stream().mapToLong(MigrationReport.Round::bytes).sum())
        .isEqualTo(report.bytes() - report.stopCopyBytes());
    assertThat(report.devices().getFirst().target().name()).isEqualTo("target");
    assertThat(report.notCarried()).containsExactly("config space", "interrupt setup", "DMA mappings");
    assertThat(report.phases()).extracting(MigrationReport.PhaseTime::title)
        .containsExactly("pre-flight", "pre-copy", "quiescing", "stop-copy", "handover");
  }

  @Test
  void skipsPreCopyWhereItIsNotWanted() {
    Trial trial = new Trial();
    trial.options = Trial.PATIENT.withPreCopy(false);
    MigrationReport report = trial.run().success();
    assertThat(trial.sourceActs()).containsExactly("RUNNING_P2P", "STOP_COPY", "STOP");
    assertThat(report.rounds()).isEmpty();
    assertThat(report.predictedDowntime()).isEmpty();
    assertThat(report.stopCopyBytes()).isEqualTo(report.bytes());
  }

  @Test
  void movesADeviceThatCanDoTheLeast() {
    Trial trial = new Trial();
    trial.sourceSettings = trial.sourceSettings.withFeatures(MigrationFeatures.of());
    trial.targetSettings = trial.targetSettings.withFeatures(MigrationFeatures.of());
    trial.run().success();
    assertThat(trial.sourceActs()).containsExactly("STOP_COPY", "STOP");
    assertThat(trial.targetActs()).containsExactly("reset", "RESUMING", "STOP", "RUNNING");
  }

  @Test
  void movesADeviceWithoutP2pOrEstimates() {
    Trial trial = new Trial();
    MigrationFeatures features = MigrationFeatures.of(MigrationFeature.PRE_COPY);
    trial.sourceSettings =
        trial.sourceSettings.withFeatures(features).withChanges(0, 300).withEstimates(false, false);
    trial.targetSettings = trial.targetSettings.withFeatures(features);
    MigrationReport report = trial.run().success();
    assertThat(trial.sourceActs()).containsExactly("PRE_COPY", "STOP_COPY", "STOP");
    assertThat(report.rounds()).hasSize(1);
  }

  @Test
  void goesOverUnixSockets() throws Exception {
    overSockets(new TransportAddress.Unix(folder.resolve("m.sock")));
  }

  @Test
  void goesOverTcp() throws Exception {
    overSockets(new TransportAddress.Tcp("127.0.0.1", 0));
  }

  private static void overSockets(TransportAddress address) throws Exception {
    Trial trial = new Trial();
    trial.sourceSettings = trial.sourceSettings.withContent(60_000, Trial.SEED).withChanges(2, 1 << 20);
    trial.targetSettings = trial.targetSettings.withContent(60_000, 0);
    try (Ends ends = Ends.over(address, TestKeys.SET.policy("127.0.0.1"))) {
      MigrationReport report = trial.run(ends.one(), ends.other()).success();
      assertThat(report.bytes()).isGreaterThan(60_000L * 64);
    }
  }

  @Test
  void tellsEveryMoveBeforeAndAfter() {
    Trial trial = new Trial().run();
    trial.success();
    List<DeviceState> begun = trial.events.stream()
        .mapMulti((MigrationEvent e, Consumer<DeviceState> sink) -> {
          if (e instanceof MigrationEvent.DeviceMoving moving && moving.side() == Side.SOURCE) {
            sink.accept(moving.to());
          }
        }).toList();
    List<DeviceState> ended = trial.events.stream()
        .mapMulti((MigrationEvent e, Consumer<DeviceState> sink) -> {
          if (e instanceof MigrationEvent.DeviceMoved moved && moved.side() == Side.SOURCE) {
            sink.accept(moved.to());
          }
        }).toList();
    assertThat(begun).containsExactly(DeviceState.PRE_COPY, DeviceState.PRE_COPY_P2P, DeviceState.STOP_COPY,
        DeviceState.STOP).isEqualTo(ended);
  }

  @Test
  void runsInOneProcessWithTheClockOfTheMachine() throws Exception {
    Trial trial = new Trial();
    try (var source = trial.sourceSettings.device(); var target = trial.targetSettings.device()) {
      MigrationReport report =
          LocalMigration.run(source, target, Trial.PATIENT, Workload.NONE, MigrationListener.NONE);
      assertThat(target.content()).isEqualTo(source.content());
      assertThat(report.downtime()).isPositive();
    }
  }
}
