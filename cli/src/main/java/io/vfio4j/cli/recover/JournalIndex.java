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
 * The journals of a state directory. An incomplete journal without records is not included, since no device was touched.
 *
 * @param migrations the migrations in the journals
 * @param unreadable the errors of journals that cannot be read
 */
record JournalIndex(List<JournaledMigration> migrations, List<JournalException> unreadable) {

  /**
   * Reads all journals.
   *
   * @param only the migration to read; empty for all
   * @throws JournalException if the directory cannot be read
   */
  static JournalIndex of(StateDirectory state, Optional<MigrationId> only) throws JournalException {
    JournalIndex index = new JournalIndex(new ArrayList<>(), new ArrayList<>());
    for (JournalFile file : state.all()) {
      if (only.isEmpty() || file.path().getFileName().toString().startsWith(only.get().toString())) {
        index.read(file);
      }
    }
    return index;
  }

  private void read(JournalFile file) {
    try {
      Optional<JournalContents> contents = file.read();
      contents.ifPresent(present -> migrations.add(new JournaledMigration(file, present)));
    } catch (JournalException e) {
      if (!Files.notExists(file.path())) { // It may have been pruned just now.
        unreadable.add(e);
      }
    }
  }

  /** Returns the last migration of a device, if any. */
  Optional<JournaledMigration> lastMigrationOf(DeviceAddress device) {
    return migrations.stream().filter(migration -> migration.header().devices().contains(device.absolute()))
        .max(Comparator.comparing(JournaledMigration::startTime));
  }

  /**
   * Returns the first migration that moved the state of a device after another one. Later migrations that never moved it say
   * nothing about the state that it holds.
   */
  Optional<JournaledMigration> laterMigrationOf(DeviceAddress device, JournaledMigration before) {
    return migrations.stream()
        .filter(
            migration -> migration.hasMovedState() && !migration.migrationId().equals(before.migrationId())
                && !migration.startTime().isBefore(before.startTime())
                && migration.header().devices().contains(device.absolute()))
        .min(Comparator.comparing(JournaledMigration::startTime));
  }

  /** Returns the open migrations about the state that a device holds, the earliest first. */
  List<JournaledMigration> findOpenOf(DeviceAddress device) {
    return findOpen().stream().filter(migration -> migration.header().devices().contains(device.absolute())
        && laterMigrationOf(device, migration).isEmpty())
        .sorted(Comparator.comparing(JournaledMigration::startTime)).toList();
  }

  /** Returns the first open migration with the journal of a side. */
  Optional<JournaledMigration> findOpen(Side side) {
    return findOpen().stream().filter(migration -> migration.header().side() == side).findFirst();
  }

  /** Returns the migrations whose outcome is not recorded. */
  List<JournaledMigration> findOpen() {
    return migrations.stream().filter(JournaledMigration::isOpen).toList();
  }
}
