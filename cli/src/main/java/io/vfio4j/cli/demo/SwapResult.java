// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import com.google.gson.JsonObject;
import java.time.Duration;
import java.util.List;

/**
 * The result of the demonstration of swaps.
 *
 * @param swaps the swaps, in order
 * @param writes the number of writes to guest memory
 * @param checks the results of the checks
 */
record SwapResult(List<Swap> swaps, long writes, List<DemoCheck> checks) {

  SwapResult {
    swaps = List.copyOf(swaps);
    checks = List.copyOf(checks);
  }

  /**
   * A swap.
   *
   * @param fromPid the process that served the device
   * @param toPid the process that serves it now
   * @param pause the longest time that an operation of the driver took
   * @param report the report of the command
   */
  record Swap(long fromPid, long toPid, Duration pause, JsonObject report) {
  }

  boolean passed() {
    return checks.stream().allMatch(DemoCheck::passed);
  }
}
