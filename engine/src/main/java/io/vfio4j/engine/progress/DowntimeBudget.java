// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import io.vfio4j.engine.util.Units;
import java.time.Duration;

/** How long the device may still stand still; it begins with the pause of the workload. */
public final class DowntimeBudget {

  private final PhaseTracker tracker;
  private final Duration limit;
  private final Duration began;

  public DowntimeBudget(PhaseTracker tracker, Duration limit, Duration began) {
    this.tracker = tracker;
    this.limit = limit;
    this.began = began;
  }

  Duration used() {
    return tracker.now().minus(began);
  }

  /** Returns what is left; not positive if nothing is. */
  public Duration left() {
    return limit.minus(used());
  }

  /**
   * Checks that something is left.
   *
   * @param sent bytes sent since the device stopped
   * @param expected bytes expected in all, or less than that if nobody knows
   */
  public void check(long sent, long expected) throws DowntimeExceededException {
    if (used().compareTo(limit) > 0) {
      throw exceeded(sent, expected);
    }
  }

  public DowntimeExceededException exceeded(long sent, long expected) {
    Duration used = used().compareTo(limit) > 0 ? used() : limit;
    String advice = expected > sent && sent > 0
        ? "%s of about %s had been sent; a limit of about %s would do".formatted(Units.bytes(sent),
            Units.bytes(expected), Units.duration(withMargin(used, (double) expected / sent)))
        : "%s had been sent; a limit of %s may do".formatted(Units.bytes(sent),
            Units.duration(withMargin(used, 1)));
    return new DowntimeExceededException(
        "the switchover took longer than its limit of " + Units.duration(limit) + ": " + advice);
  }

  /** Half as much again, for what comes after the last byte. */
  private static Duration withMargin(Duration used, double factor) {
    return Duration.ofMillis((long) Math.ceil(used.toNanos() / 1e6 * factor * 1.5));
  }
}
