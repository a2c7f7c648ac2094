// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.probe;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import java.util.ArrayList;
import java.util.List;

/**
 * A capability that a device lacks for migration.
 *
 * @param name the name of the capability
 * @param required whether the device cannot migrate without it
 * @param remedy the consequence, and what to do
 */
record MissingCapability(String name, boolean required, String remedy) {

  /** The remedies, which depend on the kind of device. */
  interface Remedies {

    /** Returns why a device does not support migration, and what to do. */
    String noMigration();

    /** Returns how to bring a device from a state to RUNNING. */
    String notRunning(DeviceState state);

    /** Returns the entry for a device that does not stay in RUNNING when it is closed. */
    MissingCapability stateNotKept();
  }

  static List<MissingCapability> of(ProbeReport.MigrationFacts migration, Remedies remedies) {
    List<MissingCapability> missing = new ArrayList<>();
    if (!migration.features().canMigrate()) {
      missing.add(new MissingCapability("STOP_COPY", true, remedies.noMigration()));
      return missing;
    }
    DeviceState state = migration.state();
    if (state != DeviceState.RUNNING) {
      missing.add(new MissingCapability("RUNNING", true,
          "a migration starts in RUNNING, but the device is in %s; %s".formatted(state,
              remedies.notRunning(state))));
    }
    if (!migration.features().has(MigrationFeature.PRE_COPY)) {
      missing.add(new MissingCapability("PRE_COPY", false,
          "all of its state is sent while it is stopped; allow for that with --max-downtime"));
    }
    if (!migration.features().has(MigrationFeature.P2P)) {
      missing.add(new MissingCapability("P2P", false,
          "it must not access other devices' memory during a migration; stop such traffic first"));
    }
    if (!migration.dmaLogging()) {
      missing
          .add(new MissingCapability("DMA log", false,
              "its DMA writes are not tracked; a VMM that migrates memory too must treat all of it as dirty"));
    }
    if (!migration.keepsState()) {
      missing.add(remedies.stateNotKept());
    }
    return missing;
  }
}
