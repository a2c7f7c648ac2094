// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import java.util.List;

/**
 * What was proved of a device of a ring.
 *
 * @param writes its writes to memory
 * @param peerWrites its writes to the next device
 * @param checks what was to be proved
 */
record RingDeviceResult(long writes, long peerWrites, List<DemoCheck> checks) {

  RingDeviceResult {
    checks = List.copyOf(checks);
  }

  boolean passed() {
    return checks.stream().allMatch(DemoCheck::passed);
  }
}
