// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * The parts of a downtime.
 *
 * @param durations the duration of each part, in order; a part that did not occur is absent
 */
public record DowntimeParts(Map<Part, Duration> durations) {

  /** The parts, in order. */
  public enum Part {
    /** The workload was paused. */
    PAUSING("pause of the workload"),
    /** The devices moved to STOP_COPY, and the dirty logs were read for the last time. */
    STOPPING("stop of the devices"),
    /** The rest of the state and memory was sent. */
    SENDING("last state and memory"),
    /** The target loaded the rest, and its devices validated it. */
    LOADING("loading at the target"),
    /** The source recorded <em>given</em>; only with a journal. */
    RECORDING("record in the journal"),
    /** The source sent COMMIT, the target recorded <em>committed</em> and started its devices. */
    STARTING("handover and start"),
    /** The source's devices were restarted after their state had been saved to a file. */
    RESTARTING("start of the devices"),
    /** The workload was resumed. */
    RESUMING("resume of the workload");

    private final String title;

    Part(String title) {
      this.title = title;
    }

    /** Returns the name for output. */
    public String title() {
      return title;
    }
  }

  public DowntimeParts {
    EnumMap<Part, Duration> sorted = new EnumMap<>(Part.class);
    sorted.putAll(durations);
    durations = Collections.unmodifiableMap(sorted);
  }

  /** Returns the sum of all parts. */
  public Duration total() {
    return durations.values().stream().reduce(Duration.ZERO, Duration::plus);
  }
}
