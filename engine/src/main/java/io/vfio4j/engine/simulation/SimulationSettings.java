// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import io.vfio4j.engine.policy.SwitchoverPolicy;
import java.time.Duration;

/**
 * The settings of a simulated migration, and its costs besides sending.
 *
 * @param policy the policy
 * @param maxDowntime the maximum downtime, more than 0
 * @param link the rate of the link
 * @param perRound time per round besides sending, such as reading the dirty logs, not negative
 * @param fixedCost downtime besides sending: transitions and messages, not negative
 * @param quiesceTime time until the devices reach their P2P states, not negative
 * @param maxQuiesce the limit of that, more than 0; if it is exceeded, the switchover does not start
 * @param horizon how much pre-copy is simulated after all memory was sent, more than 0, at most a day; a
 *     policy that has not decided by then counts as still waiting
 */
public record SimulationSettings(SwitchoverPolicy policy, Duration maxDowntime, LinkRate link,
    Duration perRound, Duration fixedCost, Duration quiesceTime, Duration maxQuiesce, Duration horizon) {

  private static final Duration LONGEST_HORIZON = Duration.ofDays(1);

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if a value is out of range
   */
  public SimulationSettings {
    Ranges.requirePositive(maxDowntime, "maxDowntime");
    Ranges.requireNotNegative(perRound, "perRound");
    Ranges.requireNotNegative(fixedCost, "fixedCost");
    Ranges.requireNotNegative(quiesceTime, "quiesceTime");
    Ranges.requirePositive(maxQuiesce, "maxQuiesce");
    Ranges.requirePositive(horizon, "horizon");
    if (horizon.compareTo(LONGEST_HORIZON) > 0) {
      throw new IllegalArgumentException("horizon must be at most a day, not " + horizon);
    }
  }
}
