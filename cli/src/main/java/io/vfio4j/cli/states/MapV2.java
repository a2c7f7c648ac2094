// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Shows a device with version 2. What depends on which feature is found by asking the model for all sets. */
final class MapV2 {

  private static final List<MigrationFeatures> SETS = List.of(MigrationFeatures.of(),
      MigrationFeatures.of(MigrationFeature.P2P), MigrationFeatures.of(MigrationFeature.PRE_COPY),
      MigrationFeatures.ALL);

  private MapV2() {
  }

  static StateMap of(MachineV2 machine) {
    List<ShownState> states = Arrays.stream(DeviceState.values()).filter(machine.has()::supports)
        .map(MapV2::shown).toList();
    List<ShownArc> arcs = Arc.of(machine.has()).stream().map(MapV2::shown).toList();
    return new StateMap(machine.version(), machine.features(), machine.summary(), states, arcs);
  }

  private static ShownState shown(DeviceState state) {
    Meaning meaning = Meaning.of(state);
    return new ShownState(state.name(), state.wireValue(), optional(needs(state)), meaning.brief(),
        meaning.sentence(), state.isRunning(), Session.in(state));
  }

  private static ShownArc shown(Arc arc) {
    Predicate<MigrationFeatures> hasIt = set -> Arc.of(set).contains(arc);
    Set<MigrationFeature> needs = needs(hasIt);
    boolean excluded = SETS.stream().filter(set -> set.has(MigrationFeature.P2P)).noneMatch(hasIt);
    return new ShownArc(arc.from().name(), arc.to().name(), need(needs, excluded), optional(needs),
        Session.in(arc.from()), Session.in(arc.to()));
  }

  private static Need need(Set<MigrationFeature> needs, boolean withoutP2p) {
    boolean preCopy = needs.contains(MigrationFeature.PRE_COPY);
    if (withoutP2p) {
      return preCopy ? Need.PRE_COPY_WITHOUT_P2P : Need.WITHOUT_P2P;
    }
    if (needs.contains(MigrationFeature.P2P)) {
      return preCopy ? Need.P2P_AND_PRE_COPY : Need.P2P;
    }
    return preCopy ? Need.PRE_COPY : Need.ALWAYS;
  }

  /** Returns the features without which no device has a state. */
  static Set<MigrationFeature> needs(DeviceState state) {
    return needs(set -> set.supports(state));
  }

  private static Set<MigrationFeature> needs(Predicate<MigrationFeatures> hasIt) {
    Set<MigrationFeature> needs = EnumSet.allOf(MigrationFeature.class);
    SETS.stream().filter(hasIt).forEach(set -> needs.retainAll(set.set()));
    return needs;
  }

  /** Every device that migrates has STOP_COPY, so that to name it tells nothing. */
  private static List<String> optional(Set<MigrationFeature> features) {
    return features.stream().filter(feature -> feature != MigrationFeature.STOP_COPY)
        .map(MigrationFeature::name).toList();
  }
}
