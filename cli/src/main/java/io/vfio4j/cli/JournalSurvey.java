// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.JournalContents;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.engine.journal.StateDirectory;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What the journals of a folder say. One whose making was cut short is not among them, for no device was touched.
 *
 * @param known the migrations that they tell of
 * @param unreadable what is wrong with those that tell nothing
 */
record JournalSurvey(List<KnownMigration> known, List<JournalException> unreadable) {

  /**
   * Reads all journals.
   *
   * @param only the migration to look at, or all
   * @throws JournalException if the folder cannot be read
   */
  static JournalSurvey of(StateDirectory state, Optional<MigrationId> only) throws JournalException {
    JournalSurvey survey = new JournalSurvey(new ArrayList<>(), new ArrayList<>());
    for (JournalFile file : state.all()) {
      if (only.isEmpty() || file.path().getFileName().toString().startsWith(only.get().toString())) {
        survey.read(file);
      }
    }
    return survey;
  }

  private void read(JournalFile file) {
    try {
      Optional<JournalContents> contents = file.read();
      contents.ifPresent(found -> known.add(new KnownMigration(file, found)));
    } catch (JournalException e) {
      if (!Files.notExists(file.path())) { // It may have been settled long ago, and removed just now.
        unreadable.add(e);
      }
    }
  }

  /** Returns the migration that a device was in last, if it was in any. */
  Optional<KnownMigration> lastOf(DeviceAddress device) {
    return known.stream().filter(one -> one.heading().devices().contains(device.absolute()))
        .max(Comparator.comparing(KnownMigration::begun));
  }

  /**
   * Returns the first migration that took a device after another one had it: what that one left was in it. Later ones that
   * never took the device say nothing of what it holds.
   */
  Optional<KnownMigration> takenSince(DeviceAddress device, KnownMigration before) {
    return known.stream()
        .filter(one -> one.hasTaken() && !one.session().equals(before.session())
            && !one.begun().isBefore(before.begun())
            && one.heading().devices().contains(device.absolute()))
        .min(Comparator.comparing(KnownMigration::begun));
  }

  /** Returns the migrations that are open, and about what a device holds; the first one is first. */
  List<KnownMigration> openOf(DeviceAddress device) {
    return open().stream().filter(one -> one.heading().devices().contains(device.absolute())
        && takenSince(device, one).isEmpty()).sorted(Comparator.comparing(KnownMigration::begun)).toList();
  }

  /** Returns the journal of one side of a migration, if it is open. */
  Optional<KnownMigration> open(Side side) {
    return open().stream().filter(one -> one.heading().side() == side).findFirst();
  }

  /** Returns the migrations of which it is not known how they ended. */
  List<KnownMigration> open() {
    return known.stream().filter(KnownMigration::isOpen).toList();
  }
}
