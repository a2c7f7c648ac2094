// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import java.util.Arrays;

/**
 * The latency of calls.
 *
 * @param p50 median, nanoseconds
 * @param p99 99th percentile, nanoseconds
 */
record Latency(double p50, double p99) {

  static Latency of(int[] nanos) {
    Arrays.sort(nanos);
    return new Latency(nanos[nanos.length / 2], nanos[(int) (nanos.length * 99L / 100)]);
  }
}
