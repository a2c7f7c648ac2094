// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import java.util.List;

/**
 * The result of the demonstration for one device.
 *
 * @param writes the number of its writes to guest memory
 * @param peerWrites the number of its writes to the next device
 * @param checks the results of the checks
 */
record DeviceResult(long writes, long peerWrites, List<DemoCheck> checks) {

  DeviceResult {
    checks = List.copyOf(checks);
  }

  boolean passed() {
    return checks.stream().allMatch(DemoCheck::passed);
  }
}
