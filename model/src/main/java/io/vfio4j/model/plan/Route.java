// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import java.util.ArrayList;
import java.util.List;

/**
 * One way to get a device from a state to another.
 *
 * @param <S> the states of the version
 * @param rank the place among the ways of its plan, from 1
 * @param kind what sort of way it is
 * @param start where the device is
 * @param steps what to ask of it, in order; none where it is there already
 * @param losesState whether the state that the device holds is thrown away
 * @param isDiscouraged whether a device runs, or does DMA, on the way though nobody asked it to
 * @param isSpecified whether the specification gives this way: the table of the twenty transitions for version
 *     1, the next-state function for version 2; all others follow after those
 * @param reasons what speaks for and against it, for people
 */
public record Route<S>(int rank, Kind kind, S start, List<Step<S>> steps, boolean losesState,
    boolean isDiscouraged,
    boolean isSpecified, List<String> reasons) {

  /** Sorts of ways. */
  public enum Kind {
    /** The device is there already. */
    STAY,
    /** One request, one arc. */
    DIRECT,
    /** One request, for which the device takes several arcs. */
    COMBINATION,
    /** Several requests, by way of STOP. */
    VIA_STOP,
    /** Several requests, by way of RUNNING. */
    VIA_RUNNING,
    /** Several requests, by way of something else. */
    DETOUR,
    /** A reset, and what is to be asked of the device after it. */
    RESET
  }

  public Route {
    steps = List.copyOf(steps);
    reasons = List.copyOf(reasons);
  }

  /** Returns all states on the way, both ends included. */
  public List<S> path() {
    List<S> path = new ArrayList<>();
    path.add(start);
    for (Step<S> step : steps) {
      path.addAll(step.path());
    }
    return List.copyOf(path);
  }

  /** Tells whether this is what the device does for a single request. */
  public boolean isSingleRequest() {
    return switch (kind) {
      case STAY, DIRECT, COMBINATION -> true;
      case VIA_STOP, VIA_RUNNING, DETOUR, RESET -> false;
    };
  }

  /** Returns the way as in {@code STOP_COPY -RESET-> RUNNING > RESUMING}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(String.valueOf(start));
    for (Step<S> step : steps) {
      String arrow = step instanceof Step.Reset<S> ? " -RESET-> " : " > ";
      step.path().forEach(state -> text.append(arrow).append(state));
    }
    return text.toString();
  }
}
