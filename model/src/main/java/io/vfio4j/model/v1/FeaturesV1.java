// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import static io.vfio4j.model.v1.DeviceStateV1.PRE_COPY;
import static io.vfio4j.model.v1.DeviceStateV1.PRE_COPY_NDMA;
import static io.vfio4j.model.v1.DeviceStateV1.RESUMING;
import static io.vfio4j.model.v1.DeviceStateV1.RUNNING;
import static io.vfio4j.model.v1.DeviceStateV1.RUNNING_NDMA;
import static io.vfio4j.model.v1.DeviceStateV1.STOP;
import static io.vfio4j.model.v1.DeviceStateV1.STOP_COPY;

import io.vfio4j.model.StateNames;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The features of a device with version 1. NDMA is a capability of its region; the optional arcs are found by
 * trying, or known from elsewhere.
 *
 * @param ndma whether the region has the capability NDMA
 * @param optional the optional arcs that the device has
 */
public record FeaturesV1(boolean ndma, Set<ArcV1> optional) {

  /** The five plain states, and two with NDMA. */
  private static final List<DeviceStateV1> STATES =
      List.of(STOP, RUNNING, STOP_COPY, PRE_COPY, RESUMING, RUNNING_NDMA, PRE_COPY_NDMA);

  private static final Set<ArcV1> NDMA_ARCS = Set.of(
      new ArcV1(PRE_COPY, PRE_COPY_NDMA),
      new ArcV1(PRE_COPY_NDMA, STOP_COPY),
      new ArcV1(PRE_COPY_NDMA, RUNNING),
      new ArcV1(PRE_COPY_NDMA, STOP),
      new ArcV1(RESUMING, RUNNING_NDMA),
      new ArcV1(RUNNING_NDMA, RUNNING),
      new ArcV1(RUNNING_NDMA, STOP));

  /**
   * Mandatory arcs are dropped from {@code optional}.
   *
   * @throws IllegalArgumentException if an arc needs NDMA and the device has none
   */
  public FeaturesV1 {
    for (ArcV1 arc : optional) {
      if (arc.needsNdma() && !ndma) {
        throw new IllegalArgumentException(arc + " needs ndma");
      }
    }
    optional = optional.stream().filter(arc -> !isMandatory(arc)).collect(Collectors.toUnmodifiableSet());
  }

  /** Returns the features of a device with the mandatory arcs only. */
  public static FeaturesV1 mandatory(boolean ndma) {
    return new FeaturesV1(ndma, Set.of());
  }

  /** Returns the features of a device that has every arc, or whose missing arcs are not known yet. */
  public static FeaturesV1 all(boolean ndma) {
    return new FeaturesV1(ndma,
        allArcs().filter(arc -> ndma || !arc.needsNdma()).collect(Collectors.toUnmodifiableSet()));
  }

  /**
   * Parses a list such as {@code ndma,STOP_COPY>RESUMING}; {@code all} stands for every arc.
   *
   * @throws IllegalArgumentException if a part is malformed, or an arc needs NDMA, which is not listed
   */
  public static FeaturesV1 parse(String text) {
    boolean ndma = false;
    boolean all = false;
    Set<ArcV1> arcs = new LinkedHashSet<>();
    for (String part : text.isBlank() ? new String[0] : text.split(",", -1)) {
      switch (StateNames.normalize(part)) {
        case "NDMA" -> ndma = true;
        case "ALL" -> all = true;
        default -> arcs.add(ArcV1.parse(part));
      }
    }
    return all ? all(ndma) : new FeaturesV1(ndma, arcs);
  }

  /** Returns whether an arc is mandatory for devices that have its states. */
  static boolean isMandatory(ArcV1 arc) {
    return NDMA_ARCS.contains(arc) || TransitionV1.of(arc).map(TransitionV1::isMandatory).orElse(false);
  }

  /** Returns whether the device has an arc. */
  public boolean has(ArcV1 arc) {
    return isMandatory(arc) ? ndma || !arc.needsNdma() : optional.contains(arc);
  }

  /** Returns whether the device has a state. */
  public boolean supports(DeviceStateV1 state) {
    return state.isError() || state.isWritable(ndma);
  }

  /** Returns the states between which writes lead, in a fixed order: the five plain ones, and two with NDMA. */
  public static List<DeviceStateV1> states() {
    return STATES;
  }

  /** Returns all arcs that the device has, in a fixed order. */
  public Set<ArcV1> arcs() {
    Set<ArcV1> arcs = new LinkedHashSet<>();
    allArcs().filter(this::has).forEach(arcs::add);
    return Collections.unmodifiableSet(arcs);
  }

  private static Stream<ArcV1> allArcs() {
    return STATES.stream()
        .flatMap(from -> STATES.stream().filter(to -> !to.equals(from)).map(to -> new ArcV1(from, to)));
  }

  /** Returns these features without an optional arc that turned out to be missing. */
  public FeaturesV1 without(ArcV1 missing) {
    Set<ArcV1> rest = new HashSet<>(optional);
    rest.remove(missing);
    return new FeaturesV1(ndma, rest);
  }
}
