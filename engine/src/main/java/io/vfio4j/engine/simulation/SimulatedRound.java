// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.time.Duration;

/**
 * A round of a simulated migration.
 *
 * @param number from 1
 * @param began its start, since pre-copy began
 * @param took its duration
 * @param deviceBytes bytes of devices sent
 * @param memoryBytes bytes of memory sent
 * @param deviceLeft bytes of devices pending at its end, including those sent only during the downtime
 * @param memoryLeft bytes of memory pending at its end
 * @param predictedDowntime the downtime that the engine would have predicted at its end
 */
public record SimulatedRound(int number, Duration began, Duration took, long deviceBytes, long memoryBytes,
    long deviceLeft, long memoryLeft, Duration predictedDowntime) {

  /** Returns its end, since pre-copy began. */
  public Duration end() {
    return began.plus(took);
  }

  /** Returns all bytes sent. */
  public long bytes() {
    return deviceBytes + memoryBytes;
  }

  /** Returns all bytes pending at its end. */
  public long left() {
    return deviceLeft + memoryLeft;
  }
}
