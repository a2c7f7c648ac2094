// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What one run of a side puts down in the journal, if there is one; it tells the listener of each record. */
final class Diary {

  private final Optional<Journal> journal;
  private final Narrator narrator;
  private @Nullable Session session;
  private Journal.@Nullable Entries entries;
  private final Map<JournalStep, Duration> took = new EnumMap<>(JournalStep.class);

  Diary(Optional<Journal> journal, Narrator narrator) {
    this.journal = journal;
    this.narrator = narrator;
  }

  /** Begins it, before a device is touched. */
  void begin(Session migration, List<MovedDevice> devices, String peer) throws JournalException {
    if (journal.isPresent()) {
      Duration before = narrator.now();
      entries = journal.get().begin(new Journal.Heading(migration, narrator.side(),
          devices.stream().map(MovedDevice::name).toList(), peer));
      session = migration;
      tell(migration, JournalStep.PREPARED, before);
    }
  }

  /** Puts something down that has to be there before anything else is done. */
  void write(JournalStep step, String reason) throws JournalException {
    if (entries != null && session != null) {
      Duration before = narrator.now();
      entries.add(step, reason);
      tell(session, step, before);
    }
  }

  /** Puts something down that is true without it. */
  void note(JournalStep step, String reason, Throwable cause) {
    try {
      write(step, reason);
    } catch (JournalException | RuntimeException | Error e) {
      Suppression.keep(cause, e);
    }
  }

  /** Puts something down that is true without it, at the end of a migration that has not failed. */
  void note(JournalStep step, String reason) {
    try {
      write(step, reason);
    } catch (JournalException | RuntimeException | Error e) {
      narrator.note("the journal does not have '%s': %s".formatted(step, Suppression.message(e)));
    }
  }

  /** Tells whether anything is put down at all. */
  boolean isKept() {
    return entries != null;
  }

  /** Returns how long it took to put something down; zero if it was not. */
  Duration took(JournalStep step) {
    return took.getOrDefault(step, Duration.ZERO);
  }

  private void tell(Session migration, JournalStep step, Duration before) {
    Duration now = narrator.now();
    took.put(step, now.minus(before));
    narrator.tell(new MigrationEvent.Recorded(now, narrator.side(), migration, step, took(step)));
  }
}
