// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.MigrationReport;
import java.util.List;

/**
 * What came of the demonstration with several devices.
 *
 * @param report the migration
 * @param sourcePids the processes that had the devices
 * @param targetPids the processes that have them now
 * @param attempts how many tries it took
 * @param loaded bytes of the file in each device's memory
 * @param devices what was proved of each device
 */
record RingResult(MigrationReport report, List<Long> sourcePids, List<Long> targetPids, int attempts,
    long loaded,
    List<RingDeviceResult> devices) {

  RingResult {
    sourcePids = List.copyOf(sourcePids);
    targetPids = List.copyOf(targetPids);
    devices = List.copyOf(devices);
  }

  boolean passed() {
    return devices.stream().allMatch(RingDeviceResult::passed);
  }
}
