// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.model.plan.Plan;
import io.vfio4j.model.plan.Planner;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.model.v1.FeaturesV1;
import io.vfio4j.model.v1.TransitionV1;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The state machine of version 1: states are bits, and many arcs are optional. */
record StateMachineV1(FeaturesV1 supported) implements StateMachine<DeviceStateV1> {

  /** Returns a device with NDMA and the arcs that the protocol's text names. */
  static StateMachineV1 specified() {
    return new StateMachineV1(
        new FeaturesV1(true, TransitionV1.all().stream().map(TransitionV1::arc).collect(Collectors.toSet())));
  }

  /** Returns a device with every arc, since missing ones are only found by trying. */
  static StateMachineV1 withAllArcs() {
    return new StateMachineV1(FeaturesV1.all(true));
  }

  @Override
  public int version() {
    return 1;
  }

  @Override
  public List<String> features() {
    List<String> names = new ArrayList<>();
    if (supported.ndma()) {
      names.add("NDMA");
    }
    StateGraphV1.inOrder(supported.optional()).forEach(arc -> names.add(arc.from() + ">" + arc.to()));
    return names;
  }

  @Override
  public String summary() {
    int count = supported.optional().size();
    String arcs = switch (count) {
      case 0 -> "no optional arcs";
      case 1 -> "1 optional arc";
      default -> count + " optional arcs";
    };
    return (supported.ndma() ? "NDMA and " : "no NDMA, ") + arcs;
  }

  @Override
  public StateGraph graph() {
    return StateGraphV1.of(this);
  }

  @Override
  public DeviceStateV1 parse(String text) {
    DeviceStateV1 state = DeviceStateV1.parse(text);
    if (!state.isValid()) {
      throw new IllegalArgumentException(
          "%s is invalid: RESUMING excludes other bits, except in SAVING|RESUMING, which is ERROR"
              .formatted(state));
    }
    return state;
  }

  @Override
  public Plan<DeviceStateV1> plan(DeviceStateV1 from, DeviceStateV1 to) {
    return Planner.of(supported).plan(from, to);
  }

  @Override
  public String unreachableReason(DeviceStateV1 from, DeviceStateV1 to) {
    for (DeviceStateV1 state : List.of(from, to)) {
      if (!supported.supports(state.effective())) {
        return "the device does not have %s: it lacks NDMA".formatted(state);
      }
    }
    return to.isError() ? "ERROR is never a target" : "the arcs of the device do not lead there";
  }
}
