// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.time.Duration;

/** Migrates a device back and forth between two servers. */
final class DeviceMigrations {

  /**
   * A long maximum downtime: the engine predicts the downtime from the duration of one transition, so on a busy
   * machine one slow transition would keep it in pre-copy for minutes.
   */
  private static final MigrationOptions OPTIONS =
      MigrationOptions.defaults().withMaxDowntime(Duration.ofSeconds(5));

  private VfioUserClient source;
  private VfioUserClient target;

  DeviceMigrations(VfioUserClient source, VfioUserClient target) {
    this.source = source;
    this.target = target;
  }

  /** Returns the bytes of state and the duration of the migration, from the first check to the last transition. */
  TimedTransfer measure() throws MigrationException, DeviceException {
    MigrationReport report =
        LocalMigration.run(source, target, OPTIONS, Workload.NONE, MigrationListener.NONE);
    VfioUserClient left = source;
    source = target;
    target = left;
    target.reset();
    return new TimedTransfer(report.bytes(), report.total().toNanos());
  }
}
