// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.MigrationReport;
import java.util.List;

/**
 * The result of the demonstration. Lists have an element for each device.
 *
 * @param report the migration
 * @param sourcePids the processes of the source devices
 * @param targetPids the processes of the target devices
 * @param attempts the number of attempts
 * @param devices what was observed of each device
 */
record DemoResult(MigrationReport report, List<Long> sourcePids, List<Long> targetPids, int attempts,
    List<DeviceResult> devices) {

  DemoResult {
    sourcePids = List.copyOf(sourcePids);
    targetPids = List.copyOf(targetPids);
    devices = List.copyOf(devices);
  }

  boolean passed() {
    return devices.stream().allMatch(DeviceResult::passed);
  }
}
