// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.setup;

import io.vfio4j.conformance.report.CheckGroup;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * How the suite judges.
 *
 * @param groups which checks to do
 * @param includesDangerous whether to do those that may harm the system that the device is in
 * @param slowMove a change of state that takes longer is mentioned
 * @param slowStream bytes a second below which reading or writing a state is mentioned
 * @param maxState bytes of state that are kept; checks that need a larger state are not applicable
 * @param nanoTime the clock that tells how long things take
 */
public record ConformanceOptions(Set<CheckGroup> groups, boolean includesDangerous, Duration slowMove,
    long slowStream,
    int maxState, LongSupplier nanoTime) {

  /** All groups without the dangerous checks; 200 ms, 20 MiB/s, 1 GiB; the system's clock. */
  public static final ConformanceOptions DEFAULT =
      new ConformanceOptions(EnumSet.allOf(CheckGroup.class), false,
          Duration.ofMillis(200), 20L << 20, 1 << 30, System::nanoTime);

  /** Copies the groups. */
  public ConformanceOptions {
    groups = Set.copyOf(groups);
  }

  /** Returns these options for some groups only. */
  public ConformanceOptions withGroups(Set<CheckGroup> only) {
    return new ConformanceOptions(only, includesDangerous, slowMove, slowStream, maxState, nanoTime);
  }

  /** Returns these options with or without the dangerous checks. */
  public ConformanceOptions withDangerous(boolean allowed) {
    return new ConformanceOptions(groups, allowed, slowMove, slowStream, maxState, nanoTime);
  }

  /** Returns these options with other limits to what counts as slow. */
  public ConformanceOptions withSlowness(Duration move, long bytesPerSecond) {
    return new ConformanceOptions(groups, includesDangerous, move, bytesPerSecond, maxState, nanoTime);
  }

  /** Returns these options with room for another size of state. */
  public ConformanceOptions withMaxState(int bytes) {
    return new ConformanceOptions(groups, includesDangerous, slowMove, slowStream, bytes, nanoTime);
  }

  /** Returns these options with another clock. */
  public ConformanceOptions withClock(LongSupplier clock) {
    return new ConformanceOptions(groups, includesDangerous, slowMove, slowStream, maxState, clock);
  }
}
