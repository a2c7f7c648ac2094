// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.ownership;

import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.device.MigratingDevice;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.util.Exceptions;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes one side's records to the journal, if there is one, and reports each record as an event. Used by the
 * coordinating thread.
 */
public final class JournalWriter {

  private final Optional<Journal> journal;
  private final PhaseTracker tracker;
  private @Nullable MigrationId migration;
  private Journal.@Nullable Entries entries;
  private final Map<JournalStep, Duration> writeTime = new EnumMap<>(JournalStep.class);

  public JournalWriter(Optional<Journal> journal, PhaseTracker tracker) {
    this.journal = journal;
    this.tracker = tracker;
  }

  /** Begins the journal of a migration, before a device is touched. */
  public void begin(MigrationId migration, List<MigratingDevice> devices, String peer)
      throws JournalException {
    if (journal.isPresent()) {
      Duration before = tracker.now();
      entries = journal.get().begin(new Journal.Header(migration, tracker.side(),
          devices.stream().map(MigratingDevice::name).toList(), peer));
      this.migration = migration;
      report(migration, JournalStep.PREPARED, before);
    }
  }

  /** Writes a record; the next step requires it to be durable. */
  public void write(JournalStep step, String reason) throws JournalException {
    if (entries != null && migration != null) {
      Duration before = tracker.now();
      entries.add(step, reason);
      report(migration, step, before);
    }
  }

  /** Writes a record that documents a failure; an error is suppressed in the cause. */
  public void tryWrite(JournalStep step, String reason, Throwable cause) {
    try {
      write(step, reason);
    } catch (JournalException | RuntimeException | Error e) {
      Exceptions.suppress(cause, e);
    }
  }

  /** Writes a record that documents a success; an error becomes a note. */
  public void tryWrite(JournalStep step, String reason) {
    try {
      write(step, reason);
    } catch (JournalException | RuntimeException | Error e) {
      tracker.note("'%s' was not recorded in the journal: %s".formatted(step, Exceptions.message(e)));
    }
  }

  /** Returns whether records are written. */
  public boolean isEnabled() {
    return entries != null;
  }

  /** Returns the time to write a record; zero if it was not written. */
  public Duration writeTime(JournalStep step) {
    return writeTime.getOrDefault(step, Duration.ZERO);
  }

  private void report(MigrationId migration, JournalStep step, Duration before) {
    Duration now = tracker.now();
    writeTime.put(step, now.minus(before));
    tracker.report(new MigrationEvent.JournalWrite(now, tracker.side(), migration, step, writeTime(step)));
  }
}
