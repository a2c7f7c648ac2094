// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.probe;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import java.util.ArrayList;
import java.util.List;

/**
 * What a device lacks for migration.
 *
 * @param name what is missing
 * @param required whether it cannot migrate without
 * @param remedy what to do
 */
record MissingCapability(String name, boolean required, String remedy) {

  /** What there is to say of devices of one kind, whose remedies are their own. */
  interface Remedies {

    /** Returns why a device offers no migration, and what to do. */
    String noMigration();

    /** Returns how to bring a device from a state to RUNNING. */
    String notRunning(DeviceState state);

    /** Returns what becomes of a device that nobody keeps in RUNNING. */
    MissingCapability stateNotKept();
  }

  static List<MissingCapability> of(MigrationFeatures features, DeviceState state, boolean dmaLogging,
      boolean keepsState,
      Remedies remedies) {
    List<MissingCapability> missing = new ArrayList<>();
    if (!features.canMigrate()) {
      missing.add(new MissingCapability("STOP_COPY", true, remedies.noMigration()));
      return missing;
    }
    if (state != DeviceState.RUNNING) {
      missing.add(new MissingCapability("RUNNING", true,
          "a migration begins there, and it is in %s; %s".formatted(state, remedies.notRunning(state))));
    }
    if (!features.has(MigrationFeature.PRE_COPY)) {
      missing.add(new MissingCapability("PRE_COPY", false,
          "all of its state is sent while it stands still; allow for that with --max-downtime"));
    }
    if (!features.has(MigrationFeature.P2P)) {
      missing.add(new MissingCapability("P2P", false,
          "it must not write to other devices' memory while it migrates; stop such traffic first"));
    }
    if (!dmaLogging) {
      missing
          .add(new MissingCapability("DMA log", false,
              "nobody can tell which memory it writes; a VMM that moves memory "
                  + "too has to take all of it as written"));
    }
    if (!keepsState) {
      missing.add(remedies.stateNotKept());
    }
    return missing;
  }
}
