// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import io.vfio4j.engine.DowntimeParts;
import java.time.Duration;
import java.util.EnumMap;

/**
 * Measures the parts of the downtime. {@link #start} discards a downtime that was rolled back. Used by the
 * coordinating thread.
 */
public final class DowntimeClock {

  private final PhaseTracker tracker;
  private final EnumMap<DowntimeParts.Part, Duration> durations = new EnumMap<>(DowntimeParts.Part.class);
  private Duration began = Duration.ZERO;
  private Duration last = Duration.ZERO;

  public DowntimeClock(PhaseTracker tracker) {
    this.tracker = tracker;
  }

  /** Begins the downtime. */
  public void start() {
    durations.clear();
    began = tracker.now();
    last = began;
  }

  /** Ends a part, and begins the next. */
  public void endPart(DowntimeParts.Part part) {
    Duration now = tracker.now();
    durations.put(part, now.minus(last));
    last = now;
  }

  public PhaseTracker tracker() {
    return tracker;
  }

  public Duration began() {
    return began;
  }

  public Duration total() {
    return last.minus(began);
  }

  public DowntimeParts parts() {
    return new DowntimeParts(durations);
  }
}
