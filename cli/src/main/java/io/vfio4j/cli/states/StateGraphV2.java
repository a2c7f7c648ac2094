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

/** Creates the graph of a device with version 2. Requirements are derived by querying the model for all feature sets. */
final class StateGraphV2 {

  private static final List<MigrationFeatures> SETS = List.of(MigrationFeatures.of(),
      MigrationFeatures.of(MigrationFeature.P2P), MigrationFeatures.of(MigrationFeature.PRE_COPY),
      MigrationFeatures.ALL);

  private StateGraphV2() {
  }

  static StateGraph of(StateMachineV2 machine) {
    List<StateView> states = Arrays.stream(DeviceState.values()).filter(machine.supported()::supports)
        .map(StateGraphV2::view).toList();
    List<ArcView> arcs = Arc.of(machine.supported()).stream().map(StateGraphV2::view).toList();
    return new StateGraph(machine.version(), machine.features(), machine.summary(), states, arcs);
  }

  private static StateView view(DeviceState state) {
    StateMeaning meaning = StateMeaning.of(state);
    return new StateView(state.name(), state.wireValue(), withoutStopCopy(requiredFeatures(state)),
        meaning.brief(),
        meaning.sentence(), state.isRunning(), SessionKind.of(state));
  }

  private static ArcView view(Arc arc) {
    Predicate<MigrationFeatures> hasIt = set -> Arc.of(set).contains(arc);
    Set<MigrationFeature> needs = requiredFeatures(hasIt);
    boolean excluded = SETS.stream().filter(set -> set.has(MigrationFeature.P2P)).noneMatch(hasIt);
    return new ArcView(arc.from().name(), arc.to().name(), requirement(needs, excluded),
        withoutStopCopy(needs),
        SessionKind.of(arc.from()), SessionKind.of(arc.to()));
  }

  private static ArcRequirement requirement(Set<MigrationFeature> needs, boolean withoutP2p) {
    boolean preCopy = needs.contains(MigrationFeature.PRE_COPY);
    if (withoutP2p) {
      return preCopy ? ArcRequirement.PRE_COPY_WITHOUT_P2P : ArcRequirement.WITHOUT_P2P;
    }
    if (needs.contains(MigrationFeature.P2P)) {
      return preCopy ? ArcRequirement.P2P_AND_PRE_COPY : ArcRequirement.P2P;
    }
    return preCopy ? ArcRequirement.PRE_COPY : ArcRequirement.ALWAYS;
  }

  /** Returns the features that every device with a state has. */
  static Set<MigrationFeature> requiredFeatures(DeviceState state) {
    return requiredFeatures(set -> set.supports(state));
  }

  private static Set<MigrationFeature> requiredFeatures(Predicate<MigrationFeatures> hasIt) {
    Set<MigrationFeature> needs = EnumSet.allOf(MigrationFeature.class);
    SETS.stream().filter(hasIt).forEach(set -> needs.retainAll(set.set()));
    return needs;
  }

  /** Every device that migrates has STOP_COPY, so it is not listed. */
  private static List<String> withoutStopCopy(Set<MigrationFeature> features) {
    return features.stream().filter(feature -> feature != MigrationFeature.STOP_COPY)
        .map(MigrationFeature::name).toList();
  }
}
