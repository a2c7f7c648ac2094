// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.jfr;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JfrListenerTest {

  @TempDir
  private Path folder;

  /** The events that a migration reported, and those that were recorded. */
  private record RecordedMigration(MigrationReport report, List<MigrationEvent> events,
      List<RecordedEvent> recorded) {

    List<RecordedEvent> recorded(String name) {
      return recorded.stream().filter(event -> event.getEventType().getName().equals("io.vfio4j." + name))
          .toList();
    }

    <T extends MigrationEvent> List<T> events(Class<T> kind) {
      return events.stream().filter(kind::isInstance).map(kind::cast).toList();
    }
  }

  private RecordedMigration migrate() throws IOException, MigrationException {
    List<MigrationEvent> events = new ArrayList<>();
    MigrationReport report;
    Path file = folder.resolve("migration.jfr");
    try (Recording recording = new Recording();
        SimulatedDevice source = SimulatedSettings.named("source").device();
        SimulatedDevice target = SimulatedSettings.named("target").device()) {
      recording.start();
      try (JfrListener jfr = new JfrListener()) {
        report = LocalMigration.run(source, target,
            MigrationOptions.defaults().withMaxDowntime(Duration.ofSeconds(30)), Workload.NONE, event -> {
              events.add(event);
              jfr.on(event);
            });
      }
      recording.stop();
      recording.dump(file);
    }
    return new RecordedMigration(report, events, RecordingFile.readAllEvents(file));
  }

  @Test
  void recordsEveryEvent() throws IOException, MigrationException {
    RecordedMigration told = migrate();

    assertThat(told.recorded("Phase")).extracting(event -> event.getString("side") + " "
        + event.getString("phase") + " " + event.getInt("round"))
        .containsExactlyInAnyOrderElementsOf(told.events(MigrationEvent.PhaseStart.class).stream()
            .map(JfrListenerTest::describe).toList());
    assertThat(told.recorded("DeviceMove")).extracting(event -> event.getString("side") + " "
        + event.getString("device") + " " + event.getString("from") + " " + event.getString("reached"))
        .containsExactlyInAnyOrderElementsOf(told.events(MigrationEvent.TransitionEnd.class).stream()
            .map(event -> event.side() + " " + event.device() + " " + event.from() + " " + event.to())
            .toList());
    assertThat(told.recorded("Progress")).hasSameSizeAs(told.events(MigrationEvent.Progress.class));
    assertThat(told.recorded("Note")).extracting(event -> event.getString("text"))
        .containsExactlyInAnyOrderElementsOf(told.events(MigrationEvent.Note.class).stream()
            .map(MigrationEvent.Note::text).toList());
    assertThat(told.recorded("Recorded")).extracting(event -> event.getString("step"))
        .containsExactlyInAnyOrderElementsOf(told.events(MigrationEvent.JournalWrite.class).stream()
            .map(event -> event.step().toString()).toList());
    assertThat(told.recorded("Round")).extracting(event -> event.getLong("deviceBytes"))
        .containsExactlyElementsOf(
            told.report().rounds().stream().map(MigrationReport.Round::deviceBytes).toList());
  }

  private static String describe(MigrationEvent.PhaseStart event) {
    int round = event.phase() instanceof Phase.PreCopy(int number) ? number : 0;
    return event.side() + " " + event.phase().title() + " " + round;
  }

  /** Each phase begins when the previous one has ended, and the transitions of the switchover lie in its phase. */
  @Test
  void recordsDurations() throws IOException, MigrationException {
    RecordedMigration told = migrate();

    List<RecordedEvent> phases = told.recorded("Phase").stream()
        .filter(event -> event.getString("side").equals("source"))
        .sorted((a, b) -> a.getStartTime().compareTo(b.getStartTime())).toList();
    for (int i = 1; i < phases.size(); i++) {
      assertThat(phases.get(i).getStartTime()).isAfterOrEqualTo(phases.get(i - 1).getEndTime());
    }
    RecordedEvent stopCopy = phases.stream().filter(event -> event.getString("phase").equals("stop-copy"))
        .findFirst().orElseThrow();
    assertThat(told.recorded("DeviceMove"))
        .filteredOn(event -> event.getString("to").equals("STOP_COPY")).singleElement()
        .satisfies(move -> {
          assertThat(move.getDuration()).isPositive();
          assertThat(move.getStartTime()).isAfterOrEqualTo(stopCopy.getStartTime());
          assertThat(move.getEndTime()).isBeforeOrEqualTo(stopCopy.getEndTime());
        });
  }

  @Test
  void recordsUnfinishedTransitionWithoutReachedState() throws IOException {
    Path file = folder.resolve("hung.jfr");
    try (Recording recording = new Recording()) {
      recording.start();
      try (JfrListener jfr = new JfrListener()) {
        jfr.on(new MigrationEvent.TransitionStart(Duration.ZERO, Side.SOURCE, "a", DeviceState.RUNNING,
            DeviceState.STOP, "why"));
      }
      recording.stop();
      recording.dump(file);
    }
    assertThat(RecordingFile.readAllEvents(file))
        .filteredOn(event -> event.getEventType().getName().equals("io.vfio4j.DeviceMove")).singleElement()
        .satisfies(move -> assertThat(move.getString("reached")).isNull());
  }
}
