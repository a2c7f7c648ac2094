// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.NextState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Plans for version 2: one SET takes the path of the kernel's next-state function; other routes take several.
 */
final class PlannerV2 implements Planner<DeviceState> {

  private final MigrationFeatures features;
  private final NextState nextState;
  private final ArcGraph<DeviceState> graph;

  PlannerV2(MigrationFeatures features) {
    this.features = features;
    this.nextState = NextState.of(features);
    Set<Arc> arcs = new HashSet<>(Arc.of(features));
    List<DeviceState> states = Arrays.stream(DeviceState.values())
        .filter(state -> state != DeviceState.ERROR && features.supports(state))
        .toList();
    this.graph = new ArcGraph<>(states, (from, to) -> arcs.contains(new Arc(from, to)),
        state -> state != DeviceState.RESUMING);
  }

  @Override
  public Plan<DeviceState> planFromRunning(DeviceState to) {
    return plan(DeviceState.RUNNING, to);
  }

  @Override
  public Plan<DeviceState> plan(DeviceState from, DeviceState to) {
    boolean stateNeeded = from != DeviceState.ERROR && to != DeviceState.RESUMING;
    return new Plan<>(from, to, stateNeeded, RouteDraft.rank(from, drafts(from, to)));
  }

  private List<RouteDraft<DeviceState>> drafts(DeviceState from, DeviceState to) {
    if (to == DeviceState.ERROR || !features.supports(from) || !features.supports(to)) {
      return List.of();
    }
    List<RouteDraft<DeviceState>> drafts = new ArrayList<>();
    List<DeviceState> single = nextState.path(from, to).orElse(List.of());
    if (!single.isEmpty()) {
      drafts.add(draft(from, requests(single), true));
    }
    if (from == to) {
      return drafts;
    }
    graph.paths(from, to).stream()
        .filter(path -> !path.equals(single))
        .forEach(path -> drafts.add(draft(from, requests(path), false)));
    addReset(from, to, drafts);
    return drafts;
  }

  /** Adds a reset followed by one SET from RUNNING, unless that returns to the start. */
  private void addReset(DeviceState from, DeviceState to, List<RouteDraft<DeviceState>> drafts) {
    List<DeviceState> rest = nextState.path(DeviceState.RUNNING, to).orElse(List.of());
    if (!rest.isEmpty() && !rest.contains(from)) {
      List<Step<DeviceState>> steps = new ArrayList<>();
      steps.add(new Step.Reset<>(DeviceState.RUNNING));
      steps.addAll(requests(rest));
      drafts.add(draft(from, steps, false));
    }
  }

  /** Splits a path into the smallest number of requests: each reaches as far as one SET follows the path. */
  private List<Step<DeviceState>> requests(List<DeviceState> path) {
    List<Step<DeviceState>> steps = new ArrayList<>();
    int at = 0;
    while (at < path.size() - 1) {
      int end = path.size() - 1;
      while (!isOneRequest(path.subList(at, end + 1))) {
        end--;
      }
      steps.add(new Step.Move<>(path.subList(at + 1, end + 1)));
      at = end;
    }
    return steps;
  }

  private boolean isOneRequest(List<DeviceState> path) {
    return nextState.path(path.getFirst(), path.getLast()).map(path::equals).orElse(false);
  }

  private static RouteDraft<DeviceState> draft(DeviceState from, List<Step<DeviceState>> steps,
      boolean specified) {
    List<DeviceState> path = new ArrayList<>();
    path.add(from);
    steps.forEach(step -> path.addAll(step.path()));
    return new RouteDraft<>(steps, RouteEvaluator.evaluate(path, steps, specified));
  }
}
