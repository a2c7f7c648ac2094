// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import io.vfio4j.engine.policy.SwitchoverPolicy;
import java.time.Duration;

/**
 * How a simulated migration is to be done, and what it costs besides sending.
 *
 * @param policy who decides
 * @param maxDowntime how long everything may stand still, more than 0
 * @param link how fast bytes can be sent
 * @param perRound what a round takes besides sending, such as reading the dirty logs, not negative
 * @param fixedCost what a switchover takes besides sending: moves of devices, messages; not negative
 * @param quiesceTime how long the devices take to enter their grace states, while everything runs, not negative
 * @param maxQuiesce how long they may take, more than 0; if it is longer, the switchover is not begun
 * @param horizon how long pre-copy is looked at from when all memory was sent, more than 0, at most a day; who
 *     has not decided by then is still waiting
 */
public record SimulationSettings(SwitchoverPolicy policy, Duration maxDowntime, LinkRate link,
    Duration perRound,
    Duration fixedCost, Duration quiesceTime, Duration maxQuiesce, Duration horizon) {

  private static final Duration LONGEST_HORIZON = Duration.ofDays(1);

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if one is not kept
   */
  public SimulationSettings {
    Ranges.requirePositive(maxDowntime, "maxDowntime");
    Ranges.requireNotNegative(perRound, "perRound");
    Ranges.requireNotNegative(fixedCost, "fixedCost");
    Ranges.requireNotNegative(quiesceTime, "grace");
    Ranges.requirePositive(maxQuiesce, "maxQuiesce");
    Ranges.requirePositive(horizon, "horizon");
    if (horizon.compareTo(LONGEST_HORIZON) > 0) {
      throw new IllegalArgumentException("horizon is at most a day, but this is " + horizon);
    }
  }
}
