// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import io.vfio4j.model.plan.Route.Assessment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A {@link Route} that has not been ranked yet. */
record RouteDraft<S>(List<Step<S>> steps, Assessment assessment) {

  /** Ranks routes that are not specified: those without a cost first, short ones before long ones. */
  private static final Comparator<RouteDraft<?>> BY_COST = Comparator
      .<RouteDraft<?>, Boolean>comparing(draft -> draft.assessment.losesState())
      .thenComparing(draft -> draft.assessment.isDiscouraged())
      .thenComparingInt(RouteDraft::length);

  private int length() {
    return steps.stream().mapToInt(step -> step.path().size()).sum();
  }

  /** Ranks the drafts: those of the specification in their order, then the others by their cost. */
  static <S> List<Route<S>> rank(S start, List<RouteDraft<S>> drafts) {
    List<RouteDraft<S>> ranked =
        new ArrayList<>(drafts.stream().filter(draft -> draft.assessment.isSpecified()).toList());
    ranked.addAll(
        drafts.stream().filter(draft -> !draft.assessment.isSpecified()).sorted(BY_COST).toList());
    List<Route<S>> routes = new ArrayList<>();
    for (RouteDraft<S> draft : ranked) {
      routes.add(new Route<>(routes.size() + 1, start, draft.steps, draft.assessment));
    }
    return routes;
  }
}
