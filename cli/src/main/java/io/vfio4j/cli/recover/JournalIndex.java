// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import io.vfio4j.cli.device.DeviceAddress;
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
 * @param migrations the migrations that they tell of
 * @param unreadable what is wrong with those that tell nothing
 */
record JournalIndex(List<JournaledMigration> migrations, List<JournalException> unreadable) {

  /**
   * Reads all journals.
   *
   * @param only the migration to look at, or all
   * @throws JournalException if the folder cannot be read
   */
  static JournalIndex of(StateDirectory state, Optional<MigrationId> only) throws JournalException {
    JournalIndex survey = new JournalIndex(new ArrayList<>(), new ArrayList<>());
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
      contents.ifPresent(found -> migrations.add(new JournaledMigration(file, found)));
    } catch (JournalException e) {
      if (!Files.notExists(file.path())) { // It may have been settled long ago, and removed just now.
        unreadable.add(e);
      }
    }
  }

  /** Returns the migration that a device was in last, if it was in any. */
  Optional<JournaledMigration> lastMigrationOf(DeviceAddress device) {
    return migrations.stream().filter(one -> one.heading().devices().contains(device.absolute()))
        .max(Comparator.comparing(JournaledMigration::startTime));
  }

  /**
   * Returns the first migration that took a device after another one had it: what that one left was in it. Later ones that
   * never took the device say nothing of what it holds.
   */
  Optional<JournaledMigration> laterMigrationOf(DeviceAddress device, JournaledMigration before) {
    return migrations.stream()
        .filter(one -> one.hasMovedState() && !one.migrationId().equals(before.migrationId())
            && !one.startTime().isBefore(before.startTime())
            && one.heading().devices().contains(device.absolute()))
        .min(Comparator.comparing(JournaledMigration::startTime));
  }

  /** Returns the migrations that are open, and about what a device holds; the first one is first. */
  List<JournaledMigration> findOpenOf(DeviceAddress device) {
    return findOpen().stream().filter(one -> one.heading().devices().contains(device.absolute())
        && laterMigrationOf(device, one).isEmpty())
        .sorted(Comparator.comparing(JournaledMigration::startTime)).toList();
  }

  /** Returns the journal of one side of a migration, if it is open. */
  Optional<JournaledMigration> findOpen(Side side) {
    return findOpen().stream().filter(one -> one.heading().side() == side).findFirst();
  }

  /** Returns the migrations of which it is not known how they ended. */
  List<JournaledMigration> findOpen() {
    return migrations.stream().filter(JournaledMigration::isOpen).toList();
  }
}
