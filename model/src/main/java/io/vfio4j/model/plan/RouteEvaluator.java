// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.plan.Route.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * Says what sort of way one is, and what speaks for and against it. The ways of both versions are judged as
 * states of version 2.
 */
final class RouteEvaluator {

  /** What is to be said of a way. */
  record Evaluation(Kind kind, boolean isDiscouraged, List<String> reasons) {
  }

  private final List<DeviceState> path;
  private final boolean reset;
  private final boolean single;
  private final List<String> reasons = new ArrayList<>();

  private RouteEvaluator(List<DeviceState> path, boolean reset, boolean single) {
    this.path = path;
    this.reset = reset;
    this.single = single;
  }

  /**
   * Judges a way.
   *
   * @param path all states, both ends included
   * @param reset whether the first step is a reset
   * @param single whether it takes one request at most
   */
  static Evaluation evaluate(List<DeviceState> path, boolean reset, boolean single) {
    return new RouteEvaluator(path, reset, single).evaluation();
  }

  private Evaluation evaluation() {
    boolean discouraged = false;
    if (reset) {
      addResetReasons();
    } else if (single) {
      addRequestReasons();
    } else {
      discouraged = runsUnrequested();
      addIntermediateReasons();
    }
    return new Evaluation(kind(), discouraged, List.copyOf(reasons));
  }

  private Kind kind() {
    if (reset) {
      return Kind.RESET;
    }
    if (single) {
      return switch (path.size()) {
        case 1 -> Kind.STAY;
        case 2 -> Kind.DIRECT;
        default -> Kind.COMBINATION;
      };
    }
    return switch (path.get(1)) {
      case STOP -> Kind.VIA_STOP;
      case RUNNING -> Kind.VIA_RUNNING;
      case ERROR, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P -> Kind.DETOUR;
    };
  }

  private DeviceState from() {
    return path.getFirst();
  }

  private DeviceState to() {
    return path.getLast();
  }

  private List<DeviceState> intermediateStates() {
    return path.size() < 3 ? List.of() : path.subList(1, path.size() - 1);
  }

  private void addResetReasons() {
    if (from() == DeviceState.ERROR) {
      reasons.add("only a reset leaves ERROR; what the device held is lost");
    } else if (to() == DeviceState.RESUMING) {
      reasons.add("a reset throws away the state that the device holds, which will be replaced anyway");
    } else {
      reasons.add("a reset throws away the state that the device holds: only where nobody wants it any more");
    }
    reasons.add("after a reset the device is in RUNNING, as a fresh one is");
  }

  private void addRequestReasons() {
    switch (path.size()) {
      case 1 -> reasons.add("the device is there; nothing is asked of it");
      case 2 -> reasons.add("one request, one arc");
      default -> reasons.add("one request; the device passes through %s by itself"
          .formatted(String.join(", ", intermediateStates().stream().map(DeviceState::name).toList())));
    }
    if (from() == DeviceState.RESUMING && to().isSaving()) {
      reasons.add("what was written is loaded before the state is captured");
    }
  }

  /** Tells whether the device runs, or does DMA again, between two states in which nobody asked it to. */
  private boolean runsUnrequested() {
    if (to().isRunning() && !to().isPeerQuiescent()) {
      return false;
    }
    if (!from().isRunning() && !to().isRunning()
        && intermediateStates().stream().anyMatch(DeviceState::isRunning)) {
      reasons.add("discouraged: a stopped device runs in between, with a state that nobody asked to run");
      return true;
    }
    boolean fullyRuns =
        intermediateStates().stream().anyMatch(state -> state.isRunning() && !state.isPeerQuiescent());
    if (fullyRuns && (from().isPeerQuiescent() || !from().isRunning())) {
      reasons.add("discouraged: the device does DMA in between, which its peers may not expect");
      return true;
    }
    if (fullyRuns && from().isSaving() && to() == DeviceState.RESUMING) {
      reasons.add("discouraged: the device is let run on with a state that is about to be replaced");
      return true;
    }
    return false;
  }

  private void addIntermediateReasons() {
    boolean runs = intermediateStates().stream().anyMatch(DeviceState::isRunning);
    if (runs && from() == DeviceState.RESUMING && to() == DeviceState.STOP_COPY) {
      reasons.add("the device runs in between, so that what comes out cannot be compared with what went in");
    }
    if (!runs && from().isRunning() && to().isRunning()) {
      reasons.add("the device stops in between");
    }
    if (from().isSaving() && intermediateStates().stream().anyMatch(state -> !state.isSaving())) {
      reasons.add("the saving session ends on the way");
    } else if (!from().isSaving() && !to().isSaving()
        && intermediateStates().stream().anyMatch(DeviceState::isSaving)) {
      reasons.add("a saving session begins on the way and ends unread");
    }
    if (to() != DeviceState.RESUMING) {
      reasons.add("the state that the device holds is kept");
    }
    reasons.add("several requests, between which the device can be left where it is");
  }
}
