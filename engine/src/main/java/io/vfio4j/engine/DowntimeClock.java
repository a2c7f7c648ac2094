// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;
import java.util.EnumMap;

/** Takes the time of each part. A downtime that is undone is forgotten. */
final class DowntimeClock {

  private final Narrator narrator;
  private final EnumMap<DowntimeParts.Part, Duration> durations = new EnumMap<>(DowntimeParts.Part.class);
  private Duration began = Duration.ZERO;
  private Duration last = Duration.ZERO;

  DowntimeClock(Narrator narrator) {
    this.narrator = narrator;
  }

  /** The downtime begins. */
  void begins() {
    durations.clear();
    began = narrator.now();
    last = began;
  }

  /** A part ends, and with it the next begins. */
  void ends(DowntimeParts.Part part) {
    Duration now = narrator.now();
    durations.put(part, now.minus(last));
    last = now;
  }

  Duration began() {
    return began;
  }

  Duration total() {
    return last.minus(began);
  }

  DowntimeParts parts() {
    return new DowntimeParts(durations);
  }
}
