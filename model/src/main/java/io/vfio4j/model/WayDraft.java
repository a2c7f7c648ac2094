// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A way that is found but not yet judged against the others: a {@link Way} without its rank. */
record WayDraft<S>(List<Step<S>> steps, boolean fromTable, WayJudge.Verdict verdict) {

  /** Ways that are not the specification's: those that cost nothing first, short ones before long ones. */
  private static final Comparator<WayDraft<?>> FURTHER = Comparator
      .<WayDraft<?>, Boolean>comparing(draft -> draft.losesState())
      .thenComparing(draft -> draft.verdict.discouraged())
      .thenComparingInt(WayDraft::length);

  boolean losesState() {
    return steps.stream().anyMatch(Step.Reset.class::isInstance);
  }

  private int length() {
    return steps.stream().mapToInt(step -> step.through().size()).sum();
  }

  /** Ranks the ways: those of the specification in their order, then the further ones. */
  static <S> List<Way<S>> rank(S start, List<WayDraft<S>> drafts) {
    List<WayDraft<S>> ranked = new ArrayList<>(drafts.stream().filter(WayDraft::fromTable).toList());
    ranked.addAll(drafts.stream().filter(draft -> !draft.fromTable).sorted(FURTHER).toList());
    List<Way<S>> ways = new ArrayList<>();
    for (WayDraft<S> draft : ranked) {
      ways.add(new Way<>(ways.size() + 1, draft.verdict.kind(), start, draft.steps, draft.losesState(),
          draft.verdict.discouraged(), draft.fromTable, draft.verdict.reasons()));
    }
    return ways;
  }
}
