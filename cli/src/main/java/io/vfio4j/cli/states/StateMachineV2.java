// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.plan.Plan;
import io.vfio4j.model.plan.Planner;
import io.vfio4j.model.v1.DeviceStateV1;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The state machine of version 2: an enumeration of states, of which a device has some according to its features. */
record StateMachineV2(MigrationFeatures supported) implements StateMachine<DeviceState> {

  @Override
  public int version() {
    return 2;
  }

  @Override
  public List<String> features() {
    return Arrays.stream(MigrationFeature.values()).filter(supported::has).map(MigrationFeature::name)
        .toList();
  }

  @Override
  public String summary() {
    return supported.canMigrate() ? "features " + supported : "no migration";
  }

  @Override
  public StateGraph graph() {
    return StateGraphV2.of(this);
  }

  @Override
  public DeviceState parse(String text) {
    String name = text.strip();
    if (!name.isEmpty() && Character.isDigit(name.charAt(0))) {
      return StateNumbers.parseU32(name).flatMap(DeviceState::fromWire)
          .orElseThrow(() -> unknownState(name, ""));
    }
    try {
      return DeviceState.parse(name);
    } catch (IllegalArgumentException _) {
      throw unknownState(name, hint(name));
    }
  }

  private static IllegalArgumentException unknownState(String name, String hint) {
    String states = Arrays.stream(DeviceState.values()).map(state -> state + " (" + state.wireValue() + ")")
        .collect(Collectors.joining(", "));
    return new IllegalArgumentException(
        "unknown device state '%s': expected %s%s".formatted(name, states, hint));
  }

  /** Suggests --v1 for a state of version 1. */
  private static String hint(String name) {
    try {
      return "; %s is a state of version 1, see --v1".formatted(DeviceStateV1.parse(name));
    } catch (IllegalArgumentException _) {
      return "";
    }
  }

  @Override
  public Plan<DeviceState> plan(DeviceState from, DeviceState to) {
    return Planner.of(supported).plan(from, to);
  }

  @Override
  public String unreachableReason(DeviceState from, DeviceState to) {
    for (DeviceState state : List.of(from, to)) {
      if (!supported.supports(state)) {
        return "the device does not have %s: it lacks %s".formatted(state, missing(state));
      }
    }
    return to == DeviceState.ERROR ? "ERROR is never a target"
        : "the arcs of the device do not lead there";
  }

  private String missing(DeviceState state) {
    return StateGraphV2.requiredFeatures(state).stream().filter(feature -> !supported.has(feature))
        .map(MigrationFeature::name)
        .collect(Collectors.joining(" and "));
  }
}
