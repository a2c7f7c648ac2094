// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.cli.base.WhenNotConvergingConverter;
import io.vfio4j.engine.policy.WhenNotConverging;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * One of the simulated migrations. Migrations that differ only in their policy at the deadline, and have the same result,
 * are one scenario.
 *
 * @param key a letter
 * @param policies the policies at the deadline that lead to the result
 * @param deadline the deadline of pre-copy
 * @param maxDowntime the maximum downtime
 * @param bandwidth bytes per second; empty for the rates of a trace
 */
record Scenario(char key, List<WhenNotConverging> policies, Duration deadline, Duration maxDowntime,
    OptionalLong bandwidth) {

  private static final String KEYS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  /** The number of letters. */
  static final int MAX_KEYS = KEYS.length();

  /**
   * Returns the letter of the scenario with an index.
   *
   * @throws IllegalArgumentException if there are more scenarios than letters
   */
  static char key(int index) {
    if (index >= MAX_KEYS) {
      throw new IllegalArgumentException(
          "more than %d of the combinations have different results; give fewer values"
              .formatted(MAX_KEYS));
    }
    return KEYS.charAt(index);
  }

  /** Returns the policies as text. */
  String describePolicies() {
    return policies.size() == WhenNotConverging.values().length
        ? "any"
        : policies.stream().map(WhenNotConvergingConverter::format).collect(Collectors.joining(", "));
  }
}
