// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.MigrationReport;
import java.util.List;

/**
 * What came of the demonstration.
 *
 * @param report the migration
 * @param sourcePid the process that had the device
 * @param targetPid the process that has it now
 * @param attempts how many tries it took
 * @param writes traffic writes in all
 * @param loaded bytes of the file in the device's memory
 * @param checks what was to be proved
 */
record DemoResult(MigrationReport report, long sourcePid, long targetPid, int attempts, long writes,
    long loaded,
    List<DemoCheck> checks) {

  DemoResult {
    checks = List.copyOf(checks);
  }

  boolean passed() {
    return checks.stream().allMatch(DemoCheck::passed);
  }
}
