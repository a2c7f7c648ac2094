// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.plan.Route.Assessment;
import io.vfio4j.model.plan.Route.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * Determines the kind of a route, and the arguments for and against it. Routes of both versions are evaluated
 * as states of version 2.
 */
final class RouteEvaluator {

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
   * Evaluates a route.
   *
   * @param path all states, both ends included
   * @param steps the requests that take it
   * @param specified whether the specification has this route
   */
  static Assessment evaluate(List<DeviceState> path, List<? extends Step<?>> steps, boolean specified) {
    boolean reset = !steps.isEmpty() && steps.getFirst() instanceof Step.Reset;
    return new RouteEvaluator(path, reset, steps.size() < 2).assess(specified);
  }

  private Assessment assess(boolean specified) {
    boolean discouraged = false;
    if (reset) {
      addResetReasons();
    } else if (single) {
      addRequestReasons();
    } else {
      discouraged = runsUnrequested();
      addIntermediateReasons();
    }
    return new Assessment(kind(), reset, discouraged, specified, reasons);
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
      reasons.add("only a reset leaves ERROR; the state of the device is lost");
    } else if (to() == DeviceState.RESUMING) {
      reasons.add("a reset discards the state of the device, which will be replaced anyway");
    } else {
      reasons.add("a reset discards the state of the device: only if it is no longer needed");
    }
    reasons.add("after a reset the device is in RUNNING, like one just opened");
  }

  private void addRequestReasons() {
    switch (path.size()) {
      case 1 -> reasons.add("the device is in that state already");
      case 2 -> reasons.add("one request, one arc");
      default -> reasons.add("one request; the device passes through %s"
          .formatted(String.join(", ", intermediateStates().stream().map(DeviceState::name).toList())));
    }
    if (from() == DeviceState.RESUMING && to().isSaving()) {
      reasons.add("the data written is loaded before the state is captured");
    }
  }

  /**
   * Returns whether the device runs, or does DMA again, between two states without having been requested to.
   */
  private boolean runsUnrequested() {
    if (to().isRunning() && !to().isPeerQuiescent()) {
      return false;
    }
    if (!from().isRunning() && !to().isRunning()
        && intermediateStates().stream().anyMatch(DeviceState::isRunning)) {
      reasons.add("discouraged: a stopped device runs in between, although that was not requested");
      return true;
    }
    boolean fullyRuns =
        intermediateStates().stream().anyMatch(state -> state.isRunning() && !state.isPeerQuiescent());
    if (fullyRuns && (from().isPeerQuiescent() || !from().isRunning())) {
      reasons.add("discouraged: the device does DMA in between, which its peers may not expect");
      return true;
    }
    if (fullyRuns && from().isSaving() && to() == DeviceState.RESUMING) {
      reasons.add("discouraged: the device continues to run with a state that is about to be replaced");
      return true;
    }
    return false;
  }

  private void addIntermediateReasons() {
    boolean runs = intermediateStates().stream().anyMatch(DeviceState::isRunning);
    if (runs && from() == DeviceState.RESUMING && to() == DeviceState.STOP_COPY) {
      reasons.add("the device runs in between, so the state read cannot be compared with the state written");
    }
    if (!runs && from().isRunning() && to().isRunning()) {
      reasons.add("the device stops in between");
    }
    if (from().isSaving() && intermediateStates().stream().anyMatch(state -> !state.isSaving())) {
      reasons.add("the saving session ends in between");
    } else if (!from().isSaving() && !to().isSaving()
        && intermediateStates().stream().anyMatch(DeviceState::isSaving)) {
      reasons.add("a saving session begins in between and ends unread");
    }
    if (to() != DeviceState.RESUMING) {
      reasons.add("the state of the device is kept");
    }
    reasons.add("several requests; the device may remain in any state between them");
  }
}
