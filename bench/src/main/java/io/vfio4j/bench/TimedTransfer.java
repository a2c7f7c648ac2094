// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

/**
 * The duration of a transfer.
 *
 * @param bytes transferred
 * @param nanos taken
 */
record TimedTransfer(long bytes, long nanos) {

  double gibPerSecond() {
    return bytes * 1e9 / nanos / (1L << 30);
  }
}
