// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;

/** How long the device may still stand still; it begins with the pause of the workload. */
final class DowntimeBudget {

  private final Narrator narrator;
  private final Duration limit;
  private final Duration began;

  DowntimeBudget(Narrator narrator, Duration limit, Duration began) {
    this.narrator = narrator;
    this.limit = limit;
    this.began = began;
  }

  Duration used() {
    return narrator.now().minus(began);
  }

  /** Returns what is left; not positive if nothing is. */
  Duration left() {
    return limit.minus(used());
  }

  /**
   * Checks that something is left.
   *
   * @param sent bytes sent since the device stopped
   * @param expected bytes expected in all, or less than that if nobody knows
   */
  void check(long sent, long expected) throws OverBudgetException {
    if (used().compareTo(limit) > 0) {
      throw exceeded(sent, expected);
    }
  }

  OverBudgetException exceeded(long sent, long expected) {
    Duration used = used().compareTo(limit) > 0 ? used() : limit;
    String advice = expected > sent && sent > 0
        ? "%s of about %s had been sent; a limit of about %s would do".formatted(Words.bytes(sent),
            Words.bytes(expected), Words.time(withMargin(used, (double) expected / sent)))
        : "%s had been sent; a limit of %s may do".formatted(Words.bytes(sent),
            Words.time(withMargin(used, 1)));
    return new OverBudgetException(
        "the switchover took longer than its limit of " + Words.time(limit) + ": " + advice);
  }

  /** Half as much again, for what comes after the last byte. */
  private static Duration withMargin(Duration used, double factor) {
    return Duration.ofMillis((long) Math.ceil(used.toNanos() / 1e6 * factor * 1.5));
  }
}
