// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Plans for version 1: one write takes one arc, and the table of the twenty transitions knows the ways
 * around.
 */
final class PlannerV1 implements Planner<DeviceStateV1> {

  private final FeaturesV1 features;
  private final ArcGraph<DeviceStateV1> graph;

  PlannerV1(FeaturesV1 features) {
    this.features = features;
    List<DeviceStateV1> states = FeaturesV1.STATES.stream().filter(features::supports).toList();
    this.graph = new ArcGraph<>(states, (from, to) -> features.has(new ArcV1(from, to)),
        state -> !state.isResuming());
  }

  @Override
  public Plan<DeviceStateV1> planFresh(DeviceStateV1 to) {
    return plan(DeviceStateV1.RUNNING, to);
  }

  @Override
  public Plan<DeviceStateV1> plan(DeviceStateV1 from, DeviceStateV1 to) {
    DeviceStateV1 start = from.effective();
    DeviceStateV1 end = to.effective();
    boolean wanted = !start.isError() && !end.isResuming();
    return new Plan<>(start, end, wanted, WayDraft.rank(start, drafts(start, end)));
  }

  private List<WayDraft<DeviceStateV1>> drafts(DeviceStateV1 from, DeviceStateV1 to) {
    if (!features.supports(from) || !features.supports(to) || to.isError()) {
      return List.of();
    }
    if (from.equals(to)) {
      return List.of(draft(from, List.of(), true));
    }
    if (from.isError()) {
      return resetWays(from, to, false);
    }
    List<WayDraft<DeviceStateV1>> drafts = new ArrayList<>(tableWays(from, to));
    graph.paths(from, to).forEach(path -> drafts.add(draft(from, moves(path), false)));
    if (!from.equals(DeviceStateV1.RUNNING)) {
      drafts.addAll(resetWays(from, to, false));
    }
    return withoutRepeats(drafts);
  }

  /** The arc itself, then the ways around it, so far as the device can take them. */
  private List<WayDraft<DeviceStateV1>> tableWays(DeviceStateV1 from, DeviceStateV1 to) {
    ArcV1 arc = new ArcV1(from, to);
    List<WayDraft<DeviceStateV1>> drafts = new ArrayList<>();
    if (features.has(arc)) {
      drafts.add(draft(from, moves(List.of(from, to)), true));
    }
    for (DetourV1 detour : TransitionTableV1.detours(arc)) {
      if (detour.byReset()) {
        drafts.addAll(resetWays(from, to, true));
      } else {
        List<DeviceStateV1> path = new ArrayList<>(detour.through());
        path.addFirst(from);
        path.addLast(to);
        if (graph.isPath(path)) {
          drafts.add(draft(from, moves(path), true));
        }
      }
    }
    return drafts;
  }

  /** A reset and the best way on from RUNNING; none where that leads back to the start. */
  private List<WayDraft<DeviceStateV1>> resetWays(DeviceStateV1 from, DeviceStateV1 to, boolean fromTable) {
    List<Step<DeviceStateV1>> steps = new ArrayList<>();
    steps.add(new Step.Reset<>(DeviceStateV1.RUNNING));
    if (!to.equals(DeviceStateV1.RUNNING)) {
      Plan<DeviceStateV1> rest = planFresh(to);
      if (rest.ways().isEmpty() || rest.ways().getFirst().path().contains(from)) {
        return List.of();
      }
      steps.addAll(rest.ways().getFirst().steps());
    }
    return List.of(draft(from, steps, fromTable));
  }

  private static List<Step<DeviceStateV1>> moves(List<DeviceStateV1> path) {
    return path.stream().skip(1).<Step<DeviceStateV1>>map(state -> new Step.Move<>(List.of(state))).toList();
  }

  private static WayDraft<DeviceStateV1> draft(DeviceStateV1 from, List<Step<DeviceStateV1>> steps,
      boolean fromTable) {
    List<DeviceState> path = new ArrayList<>();
    path.add(inV2(from));
    steps.forEach(step -> path.add(inV2(step.to())));
    boolean reset = !steps.isEmpty() && steps.getFirst() instanceof Step.Reset;
    return new WayDraft<>(steps, fromTable, WayJudge.judge(path, reset, steps.size() < 2));
  }

  private static DeviceState inV2(DeviceStateV1 state) {
    return VersionMapping.toV2(state).found().orElseThrow();
  }

  private static List<WayDraft<DeviceStateV1>> withoutRepeats(List<WayDraft<DeviceStateV1>> drafts) {
    Map<List<Step<DeviceStateV1>>, WayDraft<DeviceStateV1>> first = new LinkedHashMap<>();
    drafts.forEach(draft -> first.putIfAbsent(draft.steps(), draft));
    return List.copyOf(first.values());
  }
}
