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
 * What a device with version 1 can do. NDMA is told by a capability of its region; the optional arcs are
 * found out by trying, or are known from elsewhere.
 *
 * @param ndma whether the region has the capability NDMA
 * @param optional the arcs that the device has beyond those that it must have
 */
public record FeaturesV1(boolean ndma, Set<ArcV1> optional) {

  /** The states between which writes lead: the five plain ones, and two with NDMA. */
  public static final List<DeviceStateV1> STATES =
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
   * Checks the arcs. Those that a device must have anyway are dropped.
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

  /** Returns the features of a device with no arcs but those that it must have. */
  public static FeaturesV1 mandatory(boolean ndma) {
    return new FeaturesV1(ndma, Set.of());
  }

  /** Returns the features of a device that has every arc, or of which it is not known yet which it lacks. */
  public static FeaturesV1 all(boolean ndma) {
    return new FeaturesV1(ndma,
        allArcs().filter(arc -> ndma || !arc.needsNdma()).collect(Collectors.toUnmodifiableSet()));
  }

  /**
   * Reads a list such as {@code ndma,STOP_COPY>RESUMING}; {@code all} stands for every arc.
   *
   * @throws IllegalArgumentException if a part cannot be understood, or an arc needs NDMA and that is not
   *     listed
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

  /** Tells whether every device with these states has an arc. */
  static boolean isMandatory(ArcV1 arc) {
    return NDMA_ARCS.contains(arc) || TransitionV1.of(arc).map(TransitionV1::isMandatory).orElse(false);
  }

  /** Tells whether the device has an arc. */
  public boolean has(ArcV1 arc) {
    return isMandatory(arc) ? ndma || !arc.needsNdma() : optional.contains(arc);
  }

  /** Tells whether the device has a state. */
  public boolean supports(DeviceStateV1 state) {
    return state.isError() || state.isWritable(ndma);
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

  /** Returns these features without an arc, which turned out to be missing. */
  public FeaturesV1 without(ArcV1 missing) {
    Set<ArcV1> rest = new HashSet<>(optional);
    rest.remove(missing);
    return new FeaturesV1(ndma, rest);
  }
}
