// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * What a downtime consisted of.
 *
 * @param durations how long each part took, in their order; a part that did not come is not there
 */
public record DowntimeParts(Map<Part, Duration> durations) {

  /** The parts, in the order in which they come. */
  public enum Part {
    /** The workload was paused. */
    PAUSING("pause of the workload"),
    /** The devices moved to STOP_COPY, and the logs of dirty memory were read for the last time. */
    STOPPING("stop of the devices"),
    /** The rest was sent. */
    SENDING("last state and memory"),
    /** The target loaded the rest, and its devices checked it. */
    LOADING("loading at the target"),
    /** The source put down in its journal that it gives its devices away; only where it keeps one. */
    RECORDING("record in the journal"),
    /** Ownership passed, which the target put down in its journal, and the devices started there. */
    STARTING("handover and start"),
    /** The devices went on at the source, after their state had been saved to a file. */
    RESTARTING("start of the devices"),
    /** The workload was resumed. */
    RESUMING("resume of the workload");

    private final String title;

    Part(String title) {
      this.title = title;
    }

    /** Returns its name for people. */
    public String title() {
      return title;
    }
  }

  /** Copies the map. */
  public DowntimeParts {
    EnumMap<Part, Duration> sorted = new EnumMap<>(Part.class);
    sorted.putAll(durations);
    durations = Collections.unmodifiableMap(sorted);
  }

  /** Returns all parts together. */
  public Duration total() {
    return durations.values().stream().reduce(Duration.ZERO, Duration::plus);
  }
}
