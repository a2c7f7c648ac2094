// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.ownership;

import io.vfio4j.engine.DeviceOutcome;
import io.vfio4j.engine.Outcome;
import io.vfio4j.model.DeviceState;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The text about the source's devices, one sentence for each outcome. */
public final class OutcomeMessages {

  private final Outcome outcome;
  private final List<DeviceOutcome> outcomes;

  private OutcomeMessages(Outcome outcome, List<DeviceOutcome> outcomes) {
    this.outcome = outcome;
    this.outcomes = outcomes;
  }

  public static String of(List<DeviceOutcome> outcomes) {
    Map<Outcome, List<DeviceOutcome>> byOutcome = outcomes.stream()
        .collect(Collectors.groupingBy(DeviceOutcome::outcome, TreeMap::new, Collectors.toList()));
    return byOutcome.entrySet().stream()
        .map(entry -> new OutcomeMessages(entry.getKey(), entry.getValue()).text())
        .collect(Collectors.joining(" "));
  }

  /** Returns a sentence about a workload that did not resume; empty if it resumed. */
  public static String workloadFailure(Optional<String> failure) {
    return failure.map(why -> " The workload did not resume and stays paused: %s.".formatted(why)).orElse("");
  }

  private String text() {
    return switch (outcome) {
      case UNTOUCHED -> names() + plural(" was", " were") + " not touched.";
      case SOURCE_RUNNING ->
        names() + plural(" runs", " run") + " again at the source, with nothing lost.";
      case SOURCE_RESET -> names() + plural(" was reset and is", " were reset and are")
          + " in RUNNING at the source, but " + plural("its", "their")
          + " state is lost: set " + plural("it", "them") + " up again.";
      case SOURCE_QUIET -> names() + plural(" stays", " stay")
          + " without starting peer-to-peer DMA, because another device is stopped: move "
          + plural("it", "them") + " to RUNNING once that one runs.";
      case SOURCE_STOPPED -> namesAndStates() + " did not get back to RUNNING and " + plural("is", "are")
          + " stopped at the source: move " + plural("it", "them") + " to RUNNING, or reset "
          + plural("it.", "them.");
      case SOURCE_STUCK -> names() + plural(" has", " have")
          + " not returned from a call: check the driver or server, and then "
          + plural("its", "their") + " state.";
      case SOURCE_LOST ->
        names() + plural(" is", " are") + " lost, with an unknown " + plural("its", "their") + " state.";
      case UNKNOWN -> unknown();
    };
  }

  private String unknown() {
    return """
        COMMIT was sent for %s, and whether the target runs %s is unknown; %s at the source, with %s state: if the target \
        runs, reset %s; if the target does not, move %s to RUNNING.""".formatted(names(),
        pronoun(), statesText(), plural("its", "their"), pronoun(), pronoun());
  }

  private String statesText() {
    String states =
        outcomes.stream().map(OutcomeMessages::state).distinct().collect(Collectors.joining(" or "));
    return plural("it stays in ", "they stay in ") + states;
  }

  private String pronoun() {
    return plural("it", "them");
  }

  private String names() {
    return outcomes.stream().map(DeviceOutcome::device).collect(Collectors.joining(", "));
  }

  private String namesAndStates() {
    return outcomes.stream().map(outcome -> outcome.device() + " (" + state(outcome) + ")")
        .collect(Collectors.joining(", "));
  }

  private static String state(DeviceOutcome outcome) {
    return outcome.state().map(DeviceState::name).orElse("an unknown state");
  }

  private String plural(String one, String several) {
    return outcomes.size() == 1 ? one : several;
  }
}
