// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.engine.DeviceSwitchover;
import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.file.RestoreReport;
import io.vfio4j.engine.file.SaveReport;
import io.vfio4j.model.DeviceState;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The metrics of a migration. All fields are guarded by this: the migration's threads write, the HTTP server's read. */
final class MigrationMetrics implements MigrationListener {

  /** {@link io.vfio4j.engine.Phase#title} of every phase. */
  static final List<String> PHASES = List.of("pre-flight", "pre-copy", "quiescing", "stop-copy", "loading",
      "handover", "resuming", "finishing", "done", "aborting");

  private final Map<Side, String> phases = new EnumMap<>(Side.class);
  private final Map<DeviceKey, DeviceState> states = new LinkedHashMap<>();
  private final Map<JournalEntry, Duration> recorded = new LinkedHashMap<>();
  private long sentBytes;
  private long deviceBytes;
  private long memoryBytes;
  private long rounds;
  private OptionalLong remaining = OptionalLong.empty();
  private Optional<Duration> predicted = Optional.empty();
  private Optional<Downtime> downtime = Optional.empty();
  private final Map<String, DeviceSwitchover> switchovers = new LinkedHashMap<>();
  private OptionalLong receivedBytes = OptionalLong.empty();
  private boolean done;
  private @Nullable Outcome outcome;

  /** A record in the journal of a side. */
  private record JournalEntry(Side side, JournalStep step) {
  }

  /** A device of a side. */
  private record DeviceKey(Side side, String device) {
  }

  @Override
  public synchronized void on(MigrationEvent event) {
    switch (event) {
      case MigrationEvent.PhaseStart e -> phases.put(e.side(), e.phase().title());
      case MigrationEvent.TransitionStart e -> states.put(new DeviceKey(e.side(), e.device()), e.from());
      case MigrationEvent.TransitionEnd e -> states.put(new DeviceKey(e.side(), e.device()), e.to());
      case MigrationEvent.Progress e -> {
        sentBytes = Math.max(sentBytes, e.bytes());
        remaining = e.remaining();
        predicted = e.predictedDowntime();
      }
      case MigrationEvent.RoundEnd e -> {
        rounds++;
        deviceBytes += e.round().deviceBytes();
        memoryBytes += e.round().memoryBytes();
        sentBytes = Math.max(sentBytes, deviceBytes + memoryBytes);
        remaining = e.remaining();
        predicted = e.predictedDowntime();
      }
      case MigrationEvent.JournalWrite e -> recorded.put(new JournalEntry(e.side(), e.step()), e.duration());
      case MigrationEvent.Note _ -> {
        // Not a number.
      }
    }
  }

  synchronized void onMigrated(MigrationReport report) {
    recordSent(report.bytes(), report.devices().stream().mapToLong(MigrationReport.DeviceReport::bytes).sum(),
        report.memory());
    downtime = Optional.of(Downtime.of(report));
    report.devices().forEach(device -> switchovers.put(device.source().name(), device.switchover()));
  }

  synchronized void onSaved(SaveReport report) {
    recordSent(report.bytes(), report.devices().stream().mapToLong(SaveReport.DeviceReport::bytes).sum(),
        report.memory());
    downtime = Downtime.of(report);
    report.devices().forEach(device -> switchovers.put(device.device().name(), device.switchover()));
  }

  private void recordSent(long bytes, long stateBytes, Optional<MigrationReport.MemoryReport> memory) {
    done = true;
    sentBytes = bytes;
    memoryBytes = memory.map(MigrationReport.MemoryReport::bytes).orElse(0L);
    deviceBytes = stateBytes;
    remaining = OptionalLong.of(0);
  }

  synchronized void onReceived(TargetReport report) {
    done = true;
    receivedBytes = OptionalLong.of(report.summary().bytes());
  }

  synchronized void onRestored(RestoreReport report) {
    done = true;
    receivedBytes = OptionalLong.of(report.summary().bytes());
  }

  synchronized void onFailed(Outcome failure) {
    outcome = failure;
  }

  /** Returns the metrics in the text exposition format. */
  synchronized String text() {
    Exposition out = new Exposition();
    writePhases(out);
    writeStates(out);
    writeTraffic(out);
    writeDowntime(out);
    writeJournals(out);
    writeEnd(out);
    return out.toString();
  }

  private void writePhases(Exposition out) {
    out.gauge("vfio4j_phase", "1 for the current phase of a side, 0 for the others.");
    phases.forEach((side, current) -> PHASES.forEach(
        phase -> out.value(phase.equals(current) ? 1 : 0, "side", side.toString(), "phase", phase)));
  }

  private void writeStates(Exposition out) {
    out.gauge("vfio4j_device_state", "1 for the current state of a device, 0 for the others.");
    states.forEach((at, current) -> {
      for (DeviceState state : DeviceState.values()) {
        out.value(state == current ? 1 : 0, "side", at.side().toString(), "device", at.device(), "state",
            state.name());
      }
    });
  }

  private void writeTraffic(Exposition out) {
    out.counter("vfio4j_sent_bytes_total", "Bytes sent by the source.").value(sentBytes);
    out.counter("vfio4j_copied_bytes_total",
        "Bytes of device state and of memory sent by the source, updated at the end of each round.")
        .value(deviceBytes, "kind", "device").value(memoryBytes, "kind", "memory");
    out.counter("vfio4j_rounds_total", "Completed rounds of pre-copy.").value(rounds);
    if (remaining.isPresent()) {
      out.gauge("vfio4j_remaining_bytes", "Bytes known to remain.").value(remaining.getAsLong());
    }
    predicted.ifPresent(time -> out
        .gauge("vfio4j_predicted_downtime_seconds", "Predicted downtime if it started now.")
        .value(time));
    receivedBytes.ifPresent(
        bytes -> out.counter("vfio4j_received_bytes_total", "Bytes loaded by the target.")
            .value(bytes));
  }

  private void writeDowntime(Exposition out) {
    downtime.ifPresent(value -> write(out, value));
    if (switchovers.isEmpty()) {
      return;
    }
    out.gauge("vfio4j_device_stopping_seconds", "Duration of the transition of a device to STOP_COPY.");
    switchovers.forEach((device, switchover) -> out.value(switchover.stopping(), "device", device));
    out.gauge("vfio4j_device_sending_seconds",
        "Duration of sending the rest of a device's state in the downtime.");
    switchovers.forEach((device, switchover) -> out.value(switchover.sending(), "device", device));
  }

  private static void write(Exposition out, Downtime downtime) {
    out.gauge("vfio4j_downtime_seconds", "From the pause of the workload to its resume.")
        .value(downtime.duration());
    out.gauge("vfio4j_downtime_part_seconds", "Parts of the downtime.");
    for (DowntimeParts.Part part : DowntimeParts.Part.values()) {
      Duration took = downtime.parts().durations().get(part);
      if (took != null) {
        out.value(took, "part", part.name().toLowerCase(Locale.ROOT));
      }
    }
    downtime.memory().ifPresent(memory -> out
        .gauge("vfio4j_downtime_memory_seconds", "Duration of sending the last dirty memory.")
        .value(memory.stopCopyDuration()));
  }

  private void writeJournals(Exposition out) {
    if (!recorded.isEmpty()) {
      out.gauge("vfio4j_journal_seconds", "Duration of writing a record to the journal of a side.");
      recorded.forEach((entry, took) -> out.value(took, "side", entry.side().toString(), "step",
          entry.step().toString()));
    }
  }

  private void writeEnd(Exposition out) {
    out.counter("vfio4j_migrations_total", "Completed migrations: 1 once this one is.")
        .value(done ? 1 : 0);
    out.counter("vfio4j_failures_total", "Failed migrations, by the outcome for the source.");
    for (Outcome kind : Outcome.values()) {
      out.value(kind == outcome ? 1 : 0, "outcome", kind.name().toLowerCase(Locale.ROOT));
    }
  }
}
