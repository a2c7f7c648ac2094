// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Says what became of the source's devices, those of one fate together. */
final class FateWords {

  private final Outcome outcome;
  private final List<DeviceFate> fates;

  private FateWords(Outcome outcome, List<DeviceFate> fates) {
    this.outcome = outcome;
    this.fates = fates;
  }

  static String of(List<DeviceFate> fates) {
    Map<Outcome, List<DeviceFate>> byOutcome = fates.stream()
        .collect(Collectors.groupingBy(DeviceFate::outcome, TreeMap::new, Collectors.toList()));
    return byOutcome.entrySet().stream().map(entry -> new FateWords(entry.getKey(), entry.getValue()).text())
        .collect(Collectors.joining(" "));
  }

  /** Returns a further sentence about a workload that did not resume; empty if it did. */
  static String ofWorkload(Optional<String> failure) {
    return failure.map(why -> " The workload did not resume and stays paused: %s.".formatted(why)).orElse("");
  }

  private String text() {
    return switch (outcome) {
      case UNTOUCHED -> names() + either(" was", " were") + " not touched.";
      case SOURCE_RUNNING ->
        names() + either(" runs", " run") + " again at the source, with nothing lost.";
      case SOURCE_RESET -> names() + either(" was reset and is", " were reset and are")
          + " in RUNNING at the source, but " + either("its", "their")
          + " state is lost: set " + either("it", "them") + " up anew.";
      case SOURCE_QUIET -> names() + either(" stays", " stay")
          + " where no peer-to-peer traffic begins, since another device stands still: move "
          + either("it", "them") + " to RUNNING once that one runs.";
      case SOURCE_STOPPED -> namesAndStates() + " did not get back to RUNNING and " + either("is", "are")
          + " stopped at the source: move " + either("it", "them") + " to RUNNING, or reset "
          + either("it.", "them.");
      case SOURCE_STUCK -> names() + either(" has", " have")
          + " not returned from a call: look after the driver or server, and then at "
          + either("its", "their") + " state.";
      case SOURCE_LOST ->
        names() + either(" is", " are") + " lost: nobody can tell " + either("its", "their") + " state.";
      case UNKNOWN -> unknown();
    };
  }

  private String unknown() {
    return """
        %s %s given away, and whether the target runs %s is unknown; %s at the source, with %s state: if the target \
        runs, reset %s; if the target does not, move %s to RUNNING.""".formatted(names(),
        either("was", "were"), them(), staying(), either("its", "their"), them(), them());
  }

  private String staying() {
    String states = fates.stream().map(FateWords::state).distinct().collect(Collectors.joining(" or "));
    return either("it stays in ", "they stay in ") + states;
  }

  private String them() {
    return either("it", "them");
  }

  private String names() {
    return fates.stream().map(DeviceFate::device).collect(Collectors.joining(", "));
  }

  private String namesAndStates() {
    return fates.stream().map(fate -> fate.device() + " (" + state(fate) + ")")
        .collect(Collectors.joining(", "));
  }

  private static String state(DeviceFate fate) {
    return fate.state().map(DeviceState::name).orElse("an unknown state");
  }

  private String either(String one, String several) {
    return fates.size() == 1 ? one : several;
  }
}
