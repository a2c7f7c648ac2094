// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.v1.ArcV1;
import io.vfio4j.model.v1.DetourV1;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.model.v1.FeaturesV1;
import io.vfio4j.model.v1.TransitionV1;
import io.vfio4j.model.v1.VersionMapping;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Plans for version 1: each write takes one arc, and the table of the twenty transitions lists detours around
 * arcs that a device lacks.
 */
final class PlannerV1 implements Planner<DeviceStateV1> {

  private final FeaturesV1 features;
  private final ArcGraph<DeviceStateV1> graph;

  PlannerV1(FeaturesV1 features) {
    this.features = features;
    List<DeviceStateV1> states = FeaturesV1.states().stream().filter(features::supports).toList();
    this.graph = new ArcGraph<>(states, (from, to) -> features.has(new ArcV1(from, to)),
        state -> !state.isResuming());
  }

  @Override
  public Plan<DeviceStateV1> planFromRunning(DeviceStateV1 to) {
    return plan(DeviceStateV1.RUNNING, to);
  }

  @Override
  public Plan<DeviceStateV1> plan(DeviceStateV1 from, DeviceStateV1 to) {
    DeviceStateV1 start = from.effective();
    DeviceStateV1 end = to.effective();
    boolean stateNeeded = !start.isError() && !end.isResuming();
    return new Plan<>(start, end, stateNeeded, RouteDraft.rank(start, drafts(start, end)));
  }

  private List<RouteDraft<DeviceStateV1>> drafts(DeviceStateV1 from, DeviceStateV1 to) {
    if (!features.supports(from) || !features.supports(to) || to.isError()) {
      return List.of();
    }
    if (from.equals(to)) {
      return List.of(draft(from, List.of(), true));
    }
    if (from.isError()) {
      return resetRoutes(from, to, false);
    }
    List<RouteDraft<DeviceStateV1>> drafts = new ArrayList<>(tableRoutes(from, to));
    graph.paths(from, to).forEach(path -> drafts.add(draft(from, moves(path), false)));
    if (!from.equals(DeviceStateV1.RUNNING)) {
      drafts.addAll(resetRoutes(from, to, false));
    }
    return distinct(drafts);
  }

  /** Returns the arc itself and then the detours of the table, as far as the device can take them. */
  private List<RouteDraft<DeviceStateV1>> tableRoutes(DeviceStateV1 from, DeviceStateV1 to) {
    ArcV1 arc = new ArcV1(from, to);
    List<RouteDraft<DeviceStateV1>> drafts = new ArrayList<>();
    if (features.has(arc)) {
      drafts.add(draft(from, moves(List.of(from, to)), true));
    }
    for (DetourV1 detour : TransitionV1.of(arc).map(TransitionV1::detours).orElse(List.of())) {
      if (detour.viaReset()) {
        drafts.addAll(resetRoutes(from, to, true));
      } else {
        List<DeviceStateV1> path = new ArrayList<>(detour.intermediateStates());
        path.addFirst(from);
        path.addLast(to);
        if (graph.isPath(path)) {
          drafts.add(draft(from, moves(path), true));
        }
      }
    }
    return drafts;
  }

  /** Returns a reset followed by the best route from RUNNING; none if that returns to the start. */
  private List<RouteDraft<DeviceStateV1>> resetRoutes(DeviceStateV1 from, DeviceStateV1 to,
      boolean specified) {
    List<Step<DeviceStateV1>> steps = new ArrayList<>();
    steps.add(new Step.Reset<>(DeviceStateV1.RUNNING));
    if (!to.equals(DeviceStateV1.RUNNING)) {
      Plan<DeviceStateV1> rest = planFromRunning(to);
      if (rest.routes().isEmpty() || rest.routes().getFirst().path().contains(from)) {
        return List.of();
      }
      steps.addAll(rest.routes().getFirst().steps());
    }
    return List.of(draft(from, steps, specified));
  }

  private static List<Step<DeviceStateV1>> moves(List<DeviceStateV1> path) {
    return path.stream().skip(1).<Step<DeviceStateV1>>map(state -> new Step.Move<>(List.of(state))).toList();
  }

  private static RouteDraft<DeviceStateV1> draft(DeviceStateV1 from, List<Step<DeviceStateV1>> steps,
      boolean specified) {
    List<DeviceState> path = new ArrayList<>();
    path.add(toV2(from));
    steps.forEach(step -> path.add(toV2(step.to())));
    return new RouteDraft<>(steps, RouteEvaluator.evaluate(path, steps, specified));
  }

  private static DeviceState toV2(DeviceStateV1 state) {
    return VersionMapping.toV2(state).match().orElseThrow();
  }

  private static List<RouteDraft<DeviceStateV1>> distinct(List<RouteDraft<DeviceStateV1>> drafts) {
    Map<List<Step<DeviceStateV1>>, RouteDraft<DeviceStateV1>> first = new LinkedHashMap<>();
    drafts.forEach(draft -> first.putIfAbsent(draft.steps(), draft));
    return List.copyOf(first.values());
  }
}
