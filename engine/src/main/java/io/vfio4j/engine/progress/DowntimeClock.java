// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import io.vfio4j.engine.DowntimeParts;
import java.time.Duration;
import java.util.EnumMap;

/** Takes the time of each part. A downtime that is undone is forgotten. */
public final class DowntimeClock {

  private final PhaseTracker tracker;
  private final EnumMap<DowntimeParts.Part, Duration> durations = new EnumMap<>(DowntimeParts.Part.class);
  private Duration began = Duration.ZERO;
  private Duration last = Duration.ZERO;

  public DowntimeClock(PhaseTracker tracker) {
    this.tracker = tracker;
  }

  /** The downtime begins. */
  public void start() {
    durations.clear();
    began = tracker.now();
    last = began;
  }

  /** A part ends, and with it the next begins. */
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
