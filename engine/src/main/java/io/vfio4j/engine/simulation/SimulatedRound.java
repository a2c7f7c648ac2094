// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.time.Duration;

/**
 * A round of a simulated migration.
 *
 * @param number from 1
 * @param began time since pre-copy began
 * @param took how long it took
 * @param deviceBytes bytes of devices sent in it
 * @param memoryBytes bytes of memory sent in it
 * @param deviceLeft bytes of devices to be sent at its end, those included that are sent only when they stand still
 * @param memoryLeft bytes of memory to be sent at its end
 * @param predictedDowntime how long a switchover would have taken at its end, by what the engine knows then
 */
public record SimulatedRound(int number, Duration began, Duration took, long deviceBytes, long memoryBytes,
    long deviceLeft, long memoryLeft, Duration predictedDowntime) {

  /** Returns when it ended: time since pre-copy began. */
  public Duration end() {
    return began.plus(took);
  }

  /** Returns all bytes sent in it. */
  public long bytes() {
    return deviceBytes + memoryBytes;
  }

  /** Returns all bytes to be sent at its end. */
  public long left() {
    return deviceLeft + memoryLeft;
  }
}
