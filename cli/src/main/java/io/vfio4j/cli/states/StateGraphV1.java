// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.v1.ArcV1;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.model.v1.FeaturesV1;
import io.vfio4j.model.v1.TransitionV1;
import io.vfio4j.model.v1.VersionMapping;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Creates the graph of a device with version 1. */
final class StateGraphV1 {

  private static final List<DeviceStateV1> STATES = List.of(DeviceStateV1.STOP, DeviceStateV1.RUNNING,
      DeviceStateV1.STOP_COPY, DeviceStateV1.PRE_COPY, DeviceStateV1.RESUMING, DeviceStateV1.ERROR,
      DeviceStateV1.RUNNING_NDMA, DeviceStateV1.PRE_COPY_NDMA);

  private StateGraphV1() {
  }

  static StateGraph of(StateMachineV1 machine) {
    FeaturesV1 has = machine.supported();
    List<StateView> states = STATES.stream().filter(has::supports).map(StateGraphV1::view).toList();
    List<ArcView> arcs = inOrder(has.arcs()).stream().map(StateGraphV1::view).toList();
    return new StateGraph(machine.version(), machine.features(), machine.summary(), states, arcs);
  }

  /** Returns arcs in the order of display; the model's sets have no order. */
  static List<ArcV1> inOrder(Collection<ArcV1> arcs) {
    Comparator<ArcV1> order = Comparator.comparingInt(arc -> STATES.indexOf(arc.from()));
    return arcs.stream().sorted(order.thenComparingInt(arc -> STATES.indexOf(arc.to()))).toList();
  }

  private static StateView view(DeviceStateV1 state) {
    DeviceState same = toV2(state);
    StateMeaning meaning = state.hasNdma() ? StateMeaning.ofNdma(same) : StateMeaning.of(same);
    return new StateView(state.toString(), state.value(), state.hasNdma() ? List.of("NDMA") : List.of(),
        meaning.brief(), meaning.sentence(), same.isRunning(), SessionKind.of(same));
  }

  private static ArcView view(ArcV1 arc) {
    return new ArcView(arc.from().toString(), arc.to().toString(), requirement(arc),
        arc.needsNdma() ? List.of("NDMA") : List.of(), SessionKind.of(toV2(arc.from())),
        SessionKind.of(toV2(arc.to())));
  }

  private static ArcRequirement requirement(ArcV1 arc) {
    if (!FeaturesV1.mandatory(true).has(arc)) {
      return ArcRequirement.OPTIONAL;
    }
    return TransitionV1.of(arc).map(transition -> switch (transition.requirement()) {
      case DOCUMENTED -> ArcRequirement.MANDATORY;
      case ABORT -> ArcRequirement.ABORT;
      case OPTIONAL -> ArcRequirement.OPTIONAL;
    }).orElse(ArcRequirement.NDMA);
  }

  private static DeviceState toV2(DeviceStateV1 state) {
    return VersionMapping.toV2(state).match().orElseThrow();
  }
}
