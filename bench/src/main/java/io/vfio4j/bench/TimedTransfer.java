// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

/**
 * How long data took.
 *
 * @param bytes how much
 * @param nanos how long
 */
record TimedTransfer(long bytes, long nanos) {

  double gibPerSecond() {
    return bytes * 1e9 / nanos / (1L << 30);
  }
}
