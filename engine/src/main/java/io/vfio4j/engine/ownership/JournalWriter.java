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

/** What one run of a side puts down in the journal, if there is one; it tells the listener of each record. */
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

  /** Begins it, before a device is touched. */
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

  /** Puts something down that has to be there before anything else is done. */
  public void write(JournalStep step, String reason) throws JournalException {
    if (entries != null && migration != null) {
      Duration before = tracker.now();
      entries.add(step, reason);
      report(migration, step, before);
    }
  }

  /** Puts something down that is true without it. */
  public void tryWrite(JournalStep step, String reason, Throwable cause) {
    try {
      write(step, reason);
    } catch (JournalException | RuntimeException | Error e) {
      Exceptions.suppress(cause, e);
    }
  }

  /** Puts something down that is true without it, at the end of a migration that has not failed. */
  public void tryWrite(JournalStep step, String reason) {
    try {
      write(step, reason);
    } catch (JournalException | RuntimeException | Error e) {
      tracker.note("the journal does not have '%s': %s".formatted(step, Exceptions.message(e)));
    }
  }

  /** Tells whether anything is put down at all. */
  public boolean isEnabled() {
    return entries != null;
  }

  /** Returns how long it took to put something down; zero if it was not. */
  public Duration writeTime(JournalStep step) {
    return writeTime.getOrDefault(step, Duration.ZERO);
  }

  private void report(MigrationId migration, JournalStep step, Duration before) {
    Duration now = tracker.now();
    writeTime.put(step, now.minus(before));
    tracker.report(new MigrationEvent.JournalWrite(now, tracker.side(), migration, step, writeTime(step)));
  }
}
