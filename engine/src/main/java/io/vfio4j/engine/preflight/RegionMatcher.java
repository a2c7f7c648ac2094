// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.preflight;

import io.vfio4j.engine.Comparison.Pair;
import io.vfio4j.engine.Comparison.Property;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.stream.HelloRegion;
import io.vfio4j.engine.stream.RegionFields;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Matches the regions of both sides by their names, in any order; matching regions have the same address and size. */
public final class RegionMatcher {

  private static final String NONE = "none";
  private static final String SHARED = "shared";

  private RegionMatcher() {
  }

  /** Compares the memory of both sides, region by region. */
  static List<Pair> compare(List<HelloRegion> source, List<HelloRegion> target) {
    List<Pair> pairs = new ArrayList<>();
    Map<String, HelloRegion> others = new LinkedHashMap<>();
    target.forEach(region -> others.put(region.name(), region));
    for (HelloRegion ours : source) {
      HelloRegion theirs = others.remove(ours.name());
      pairs.add(theirs == null
          ? unmatched(ours, Side.SOURCE, Side.TARGET)
          : new Pair(Optional.of(ours.name()), Optional.of(theirs.name()),
              properties(ours, theirs, source, target)));
    }
    others.values().forEach(region -> pairs.add(unmatched(region, Side.TARGET, Side.SOURCE)));
    return pairs;
  }

  private static List<Property> properties(HelloRegion ours, HelloRegion theirs, List<HelloRegion> source,
      List<HelloRegion> target) {
    List<Property> properties = new ArrayList<>(RegionFields.SET.compare(ours, theirs));
    sharedWithSource(theirs, source).or(() -> sharedAtTarget(ours, theirs, source, target))
        .ifPresent(objection -> properties.add(Property.refused("file", SHARED, SHARED, objection)));
    return properties;
  }

  /** The target would overwrite what the source's workload writes meanwhile, so a failure could not be rolled back. */
  private static Optional<String> sharedWithSource(HelloRegion theirs, List<HelloRegion> source) {
    return ofFile(theirs, source).findFirst().map(
        same -> """
        the source's region %s and the target's region %s are the same file: give the target separate memory"""
            .formatted(same.name(), theirs.name()));
  }

  /** Two regions may share a file at the target only if they share one at the source. */
  private static Optional<String> sharedAtTarget(HelloRegion ours, HelloRegion theirs,
      List<HelloRegion> source, List<HelloRegion> target) {
    return ours.file().isEmpty() ? Optional.empty()
        : ofFile(theirs, target).filter(other -> !other.name().equals(theirs.name()))
            .filter(other -> ofFile(ours, source).noneMatch(same -> same.name().equals(other.name())))
            .findFirst()
            .map(other -> "the target's regions %s and %s are the same file: give each a separate file"
                .formatted(theirs.name(), other.name()));
  }

  private static Stream<HelloRegion> ofFile(HelloRegion region, List<HelloRegion> regions) {
    return regions.stream().filter(other -> other.file().isPresent() && other.file().equals(region.file()));
  }

  private static Pair unmatched(HelloRegion region, Side side, Side other) {
    String place = region.rangeText(false);
    boolean isSource = side == Side.SOURCE;
    Property property = Property.refused("place", isSource ? place : NONE, isSource ? NONE : place,
        "the memory differs: the %s's region %s is %s, the %s has none of that name".formatted(side,
            region.name(), place, other));
    return new Pair(isSource ? Optional.of(region.name()) : Optional.empty(),
        isSource ? Optional.empty() : Optional.of(region.name()), List.of(property));
  }

  /**
   * Returns the target's regions in the order of the source, which gives the regions of a stream their numbers.
   *
   * @param source the source's regions, which match the target's
   */
  public static MemoryRegions inSourceOrder(List<HelloRegion> source, MemoryRegions target) {
    Map<String, MemoryRegion> byName = new LinkedHashMap<>();
    target.list().forEach(region -> byName.put(region.name(), region));
    return new MemoryRegions(source.stream().map(region -> byName.get(region.name())).toList());
  }
}
