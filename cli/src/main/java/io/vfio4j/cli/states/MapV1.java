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

/** Shows a device with version 1. */
final class MapV1 {

  private static final List<DeviceStateV1> STATES = List.of(DeviceStateV1.STOP, DeviceStateV1.RUNNING,
      DeviceStateV1.STOP_COPY, DeviceStateV1.PRE_COPY, DeviceStateV1.RESUMING, DeviceStateV1.ERROR,
      DeviceStateV1.RUNNING_NDMA, DeviceStateV1.PRE_COPY_NDMA);

  private MapV1() {
  }

  static StateMap of(MachineV1 machine) {
    FeaturesV1 has = machine.has();
    List<ShownState> states = STATES.stream().filter(has::supports).map(MapV1::shown).toList();
    List<ShownArc> arcs = inOrder(has.arcs()).stream().map(MapV1::shown).toList();
    return new StateMap(machine.version(), machine.features(), machine.summary(), states, arcs);
  }

  /** The model's sets have no order, and what is shown needs one. */
  static List<ArcV1> inOrder(Collection<ArcV1> arcs) {
    Comparator<ArcV1> order = Comparator.comparingInt(arc -> STATES.indexOf(arc.from()));
    return arcs.stream().sorted(order.thenComparingInt(arc -> STATES.indexOf(arc.to()))).toList();
  }

  private static ShownState shown(DeviceStateV1 state) {
    DeviceState same = inV2(state);
    Meaning meaning = state.hasNdma() ? Meaning.ofNdma(same) : Meaning.of(same);
    return new ShownState(state.toString(), state.value(), state.hasNdma() ? List.of("NDMA") : List.of(),
        meaning.brief(), meaning.sentence(), same.isRunning(), Session.in(same));
  }

  private static ShownArc shown(ArcV1 arc) {
    return new ShownArc(arc.from().toString(), arc.to().toString(), need(arc),
        arc.needsNdma() ? List.of("NDMA") : List.of(), Session.in(inV2(arc.from())),
        Session.in(inV2(arc.to())));
  }

  private static Need need(ArcV1 arc) {
    if (!FeaturesV1.mandatory(true).has(arc)) {
      return Need.OPTIONAL;
    }
    return TransitionV1.of(arc).map(transition -> switch (transition.requirement()) {
      case DOCUMENTED -> Need.MANDATORY;
      case ABORT -> Need.ABORT;
      case OPTIONAL -> Need.OPTIONAL;
    }).orElse(Need.NDMA);
  }

  private static DeviceState inV2(DeviceStateV1 state) {
    return VersionMapping.toV2(state).match().orElseThrow();
  }
}
