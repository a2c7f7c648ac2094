// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.cli.base.WhenNotConvergingConverter;
import io.vfio4j.engine.policy.WhenNotConverging;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * One of the migrations that are compared. Those that differ in nothing but what is done at the deadline, and come to the
 * same, are one.
 *
 * @param key one letter
 * @param policies what is done at the deadline: any of these
 * @param deadline how long pre-copy may take
 * @param maxDowntime the limit of the downtime
 * @param bandwidth bytes a second; empty for the rates of a trace
 */
record Scenario(char key, List<WhenNotConverging> policies, Duration deadline, Duration maxDowntime,
    OptionalLong bandwidth) {

  private static final String KEYS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  /** As many as there are letters. */
  static final int MAX_KEYS = KEYS.length();

  /**
   * Returns the letter of the scenario with an index.
   *
   * @throws IllegalArgumentException if there are more scenarios than letters
   */
  static char key(int index) {
    if (index >= MAX_KEYS) {
      throw new IllegalArgumentException(
          "more than %d of the combinations differ in what comes of them; give fewer values"
              .formatted(MAX_KEYS));
    }
    return KEYS.charAt(index);
  }

  /** Returns what is done at the deadline, for people. */
  String describePolicies() {
    return policies.size() == WhenNotConverging.values().length
        ? "any"
        : policies.stream().map(WhenNotConvergingConverter::format).collect(Collectors.joining(", "));
  }
}
