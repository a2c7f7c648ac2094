// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import io.vfio4j.engine.util.Units;
import java.time.Duration;

/** The downtime that is left, measured from the pause of the workload. */
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

  /** Returns what is left; zero or negative if nothing is. */
  public Duration left() {
    return limit.minus(used());
  }

  /**
   * Throws if nothing is left.
   *
   * @param sent bytes sent since the devices stopped
   * @param expected bytes expected in total, or less if unknown
   */
  public void check(long sent, long expected) throws DowntimeExceededException {
    if (used().compareTo(limit) > 0) {
      throw exceeded(sent, expected);
    }
  }

  public DowntimeExceededException exceeded(long sent, long expected) {
    Duration used = used().compareTo(limit) > 0 ? used() : limit;
    String advice = expected > sent && sent > 0
        ? "%s of about %s had been sent; a limit of about %s would suffice".formatted(Units.bytes(sent),
            Units.bytes(expected), Units.duration(withMargin(used, (double) expected / sent)))
        : "%s had been sent; a limit of %s may suffice".formatted(Units.bytes(sent),
            Units.duration(withMargin(used, 1)));
    return new DowntimeExceededException(
        "the switchover exceeded the maximum downtime of " + Units.duration(limit) + ": " + advice);
  }

  /** Adds half as much, for the steps after the last byte. */
  private static Duration withMargin(Duration used, double factor) {
    return Duration.ofMillis((long) Math.ceil(used.toNanos() / 1e6 * factor * 1.5));
  }
}
