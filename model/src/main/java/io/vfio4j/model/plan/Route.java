// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import java.util.ArrayList;
import java.util.List;

/**
 * One route of a device from one state to another.
 *
 * @param <S> the states of the version
 * @param rank the place among the routes of its plan, from 1
 * @param start the current state
 * @param steps the requests to the device, in order; none if it is in the target state already
 * @param assessment the properties by which the routes of a plan are ranked
 */
public record Route<S>(int rank, S start, List<Step<S>> steps, Assessment assessment) {

  /** Kinds of routes. */
  public enum Kind {
    /** The device is in the target state already. */
    STAY,
    /** One request, one arc. */
    DIRECT,
    /** One request, with several arcs. */
    COMBINATION,
    /** Several requests, through STOP. */
    VIA_STOP,
    /** Several requests, through RUNNING. */
    VIA_RUNNING,
    /** Several requests, through other states. */
    DETOUR,
    /** A reset, and requests after it. */
    RESET
  }

  /**
   * The properties of a route.
   *
   * @param kind the kind of route
   * @param losesState whether the state held by the device is discarded
   * @param isDiscouraged whether the device runs, or does DMA, on the route without having been requested to
   * @param isSpecified whether the specification has this route: the table of the twenty transitions for version 1, the
   *     next-state function for version 2; other routes rank below
   * @param reasons the arguments for and against it, for messages
   */
  public record Assessment(Kind kind, boolean losesState, boolean isDiscouraged, boolean isSpecified,
      List<String> reasons) {

    public Assessment {
      reasons = List.copyOf(reasons);
    }
  }

  public Route {
    steps = List.copyOf(steps);
  }

  public Kind kind() {
    return assessment.kind;
  }

  public boolean losesState() {
    return assessment.losesState;
  }

  public boolean isDiscouraged() {
    return assessment.isDiscouraged;
  }

  public boolean isSpecified() {
    return assessment.isSpecified;
  }

  public List<String> reasons() {
    return assessment.reasons;
  }

  /** Returns all states on the route, both ends included. */
  public List<S> path() {
    List<S> path = new ArrayList<>();
    path.add(start);
    for (Step<S> step : steps) {
      path.addAll(step.path());
    }
    return List.copyOf(path);
  }

  /** Returns whether the device takes this route on a single request. */
  public boolean isSingleRequest() {
    return switch (assessment.kind) {
      case STAY, DIRECT, COMBINATION -> true;
      case VIA_STOP, VIA_RUNNING, DETOUR, RESET -> false;
    };
  }

  /** Returns the route as in {@code STOP_COPY -RESET-> RUNNING > RESUMING}. */
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
