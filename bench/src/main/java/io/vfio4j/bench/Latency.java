// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import java.util.Arrays;

/**
 * How long calls took.
 *
 * @param p50 nanoseconds of the median
 * @param p99 nanoseconds of the 99th percentile
 */
record Latency(double p50, double p99) {

  static Latency of(int[] nanos) {
    Arrays.sort(nanos);
    return new Latency(nanos[nanos.length / 2], nanos[(int) (nanos.length * 99L / 100)]);
  }
}
