// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;

/**
 * How a migration is to be done.
 *
 * @param maxDowntime how long the device may stand still, more than 0; a switchover that takes longer is
 *     undone
 * @param maxBandwidth bytes a second of device state to send at most: 0 for no limit, else at least
 *     {@value #MIN_BANDWIDTH}
 * @param preCopy whether the state is streamed while the device runs, if it can do that
 * @param convergenceDeadline how long to wait for the predicted downtime to fit, more than 0
 * @param stallTimeout how long the other side may keep still before it is given up, more than 0
 */
public record MigrationOptions(Duration maxDowntime, long maxBandwidth, boolean preCopy,
    Duration convergenceDeadline,
    Duration stallTimeout) {

  /**
   * The least limit of bandwidth, bytes a second: with less, one frame would outlast the patience of the
   * peer.
   */
  public static final long MIN_BANDWIDTH = 4096;

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException if one is out of its range
   */
  public MigrationOptions {
    requirePositive(maxDowntime, "maxDowntime");
    requirePositive(convergenceDeadline, "convergenceDeadline");
    requirePositive(stallTimeout, "stallTimeout");
    if (maxBandwidth != 0 && maxBandwidth < MIN_BANDWIDTH) {
      throw new IllegalArgumentException(
          "maxBandwidth is 0 (no limit) or at least %d bytes/s, but this is %d".formatted(MIN_BANDWIDTH,
              maxBandwidth));
    }
  }

  private static void requirePositive(Duration duration, String name) {
    if (!duration.isPositive()) {
      throw new IllegalArgumentException(name + " is more than 0, but this is " + duration);
    }
  }

  /** Returns 300 ms of downtime, no limit of bandwidth, pre-copy, 5 minutes to converge, 10 s for a stall. */
  public static MigrationOptions defaults() {
    return new MigrationOptions(Duration.ofMillis(300), 0, true, Duration.ofMinutes(5),
        Duration.ofSeconds(10));
  }

  /** Returns these options with another limit of downtime. */
  public MigrationOptions withMaxDowntime(Duration limit) {
    return new MigrationOptions(limit, maxBandwidth, preCopy, convergenceDeadline, stallTimeout);
  }

  /** Returns these options with another limit of bandwidth, bytes a second. */
  public MigrationOptions withMaxBandwidth(long bytesPerSecond) {
    return new MigrationOptions(maxDowntime, bytesPerSecond, preCopy, convergenceDeadline, stallTimeout);
  }

  /** Returns these options with pre-copy allowed or not. */
  public MigrationOptions withPreCopy(boolean allowed) {
    return new MigrationOptions(maxDowntime, maxBandwidth, allowed, convergenceDeadline, stallTimeout);
  }

  /** Returns these options with another time to converge in. */
  public MigrationOptions withConvergenceDeadline(Duration deadline) {
    return new MigrationOptions(maxDowntime, maxBandwidth, preCopy, deadline, stallTimeout);
  }

  /** Returns these options with another patience for the other side. */
  public MigrationOptions withStallTimeout(Duration timeout) {
    return new MigrationOptions(maxDowntime, maxBandwidth, preCopy, convergenceDeadline, timeout);
  }
}
