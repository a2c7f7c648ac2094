// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A way that is found but not yet judged against the others: a {@link Route} without its rank. */
record RouteDraft<S>(List<Step<S>> steps, boolean isSpecified, RouteEvaluator.Evaluation evaluation) {

  /** Ways that are not the specification's: those that cost nothing first, short ones before long ones. */
  private static final Comparator<RouteDraft<?>> BY_COST = Comparator
      .<RouteDraft<?>, Boolean>comparing(draft -> draft.losesState())
      .thenComparing(draft -> draft.evaluation.isDiscouraged())
      .thenComparingInt(RouteDraft::length);

  boolean losesState() {
    return steps.stream().anyMatch(Step.Reset.class::isInstance);
  }

  private int length() {
    return steps.stream().mapToInt(step -> step.path().size()).sum();
  }

  /** Ranks the ways: those of the specification in their order, then the further ones. */
  static <S> List<Route<S>> rank(S start, List<RouteDraft<S>> drafts) {
    List<RouteDraft<S>> ranked = new ArrayList<>(drafts.stream().filter(RouteDraft::isSpecified).toList());
    ranked.addAll(drafts.stream().filter(draft -> !draft.isSpecified).sorted(BY_COST).toList());
    List<Route<S>> ways = new ArrayList<>();
    for (RouteDraft<S> draft : ranked) {
      ways.add(new Route<>(ways.size() + 1, draft.evaluation.kind(), start, draft.steps, draft.losesState(),
          draft.evaluation.isDiscouraged(), draft.isSpecified, draft.evaluation.reasons()));
    }
    return ways;
  }
}
