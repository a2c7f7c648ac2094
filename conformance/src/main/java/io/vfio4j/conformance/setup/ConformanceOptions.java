// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.setup;

import io.vfio4j.conformance.report.CheckGroup;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * The options of a run of the suite.
 *
 * @param groups the groups of checks to run
 * @param includesDangerous whether to run checks that may harm the system that the device is part of
 * @param slowMove the duration above which a transition is reported as slow
 * @param slowStream the rate below which reading or writing a state is reported as slow, in bytes per second
 * @param maxState the largest state that is kept, in bytes; checks that need a larger one are not applicable
 * @param nanoTime the clock for durations, in nanoseconds
 */
public record ConformanceOptions(Set<CheckGroup> groups, boolean includesDangerous, Duration slowMove,
    long slowStream, int maxState, LongSupplier nanoTime) {

  /** All groups without the dangerous checks; 200 ms, 20 MiB/s, 1 GiB; the system's clock. */
  public static final ConformanceOptions DEFAULT = builder().build();

  public ConformanceOptions {
    groups = Set.copyOf(groups);
  }

  /** Returns a builder with the values of {@link #DEFAULT}. */
  public static Builder builder() {
    return new Builder();
  }

  /** Builds options. Used by one thread. */
  public static final class Builder {

    private Set<CheckGroup> groups = EnumSet.allOf(CheckGroup.class);
    private boolean includesDangerous;
    private Duration slowMove = Duration.ofMillis(200);
    private long slowStream = 20L << 20;
    private int maxState = 1 << 30;
    private LongSupplier nanoTime = System::nanoTime;

    private Builder() {
    }

    /** Sets the groups of checks to run. */
    public Builder groups(Set<CheckGroup> only) {
      groups = Set.copyOf(only);
      return this;
    }

    /** Sets whether to run the dangerous checks. */
    public Builder dangerous(boolean included) {
      includesDangerous = included;
      return this;
    }

    /** Sets the duration above which a transition is reported as slow. */
    public Builder slowMove(Duration duration) {
      slowMove = duration;
      return this;
    }

    /** Sets the rate below which reading or writing a state is reported as slow. */
    public Builder slowStream(long bytesPerSecond) {
      slowStream = bytesPerSecond;
      return this;
    }

    /** Sets the largest state that is kept. */
    public Builder maxState(int bytes) {
      maxState = bytes;
      return this;
    }

    /** Sets the clock for durations. */
    public Builder clock(LongSupplier nanos) {
      nanoTime = nanos;
      return this;
    }

    public ConformanceOptions build() {
      return new ConformanceOptions(groups, includesDangerous, slowMove, slowStream, maxState, nanoTime);
    }
  }
}
