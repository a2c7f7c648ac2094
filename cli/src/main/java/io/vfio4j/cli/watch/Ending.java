// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.CommandFailure;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.TargetReport;

/** How a migration ended. */
sealed interface Ending {

  /** The source has given its devices away. */
  record Moved(MigrationReport report) implements Ending {
  }

  /** The target has taken them. */
  record Received(TargetReport report) implements Ending {
  }

  /** It came to nothing before anything was touched: a device could not be opened, or nobody was there. */
  record NotBegun(String words) implements Ending {
  }

  /** It failed. */
  record Failed(MigrationException cause, CommandFailure failure) implements Ending {
  }
}
