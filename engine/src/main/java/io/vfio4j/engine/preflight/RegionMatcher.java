// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.preflight;

import io.vfio4j.engine.Comparison.Pair;
import io.vfio4j.engine.Comparison.Property;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.stream.HelloRegion;
import io.vfio4j.engine.util.Units;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Whether both sides have the same memory: regions of one name have one place, in any order. */
public final class RegionMatcher {

  private static final String NONE = "none";
  private static final String SHARED = "shared";
  private static final String DIFFERS = "the memory differs: ";

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
    List<Property> properties = new ArrayList<>(List.of(place(ours, theirs), room(ours, theirs)));
    sharedWithSource(theirs, source).or(() -> sharedAtTarget(ours, theirs, source, target))
        .ifPresent(complaint -> properties.add(Property.refused("file", SHARED, SHARED, complaint)));
    return properties;
  }

  /** What arrives would overwrite what the source's workload writes meanwhile, and a failure could not be undone. */
  private static Optional<String> sharedWithSource(HelloRegion theirs, List<HelloRegion> source) {
    return ofFile(theirs, source).findFirst().map(
        same -> """
        the source's region %s and the target's region %s are the same file: give the target memory of its own"""
            .formatted(same.name(), theirs.name()));
  }

  /** Two regions of the source that are one file may be one at the target, but not two that differ. */
  private static Optional<String> sharedAtTarget(HelloRegion ours, HelloRegion theirs,
      List<HelloRegion> source,
      List<HelloRegion> target) {
    return ours.file().isEmpty() ? Optional.empty()
        : ofFile(theirs, target).filter(other -> !other.name().equals(theirs.name()))
            .filter(other -> ofFile(ours, source).noneMatch(same -> same.name().equals(other.name())))
            .findFirst()
            .map(other -> "the target's regions %s and %s are the same file: give each a file of its own"
                .formatted(theirs.name(), other.name()));
  }

  private static Stream<HelloRegion> ofFile(HelloRegion region, List<HelloRegion> regions) {
    return regions.stream().filter(other -> other.file().isPresent() && other.file().equals(region.file()));
  }

  private static Pair unmatched(HelloRegion region, Side side, Side other) {
    String place = region.rangeText(false);
    boolean isSource = side == Side.SOURCE;
    Property property = Property.refused("place", isSource ? place : NONE, isSource ? NONE : place,
        DIFFERS
            + "the %s's region %s is %s, the %s has none of that name".formatted(side, region.name(), place,
                other));
    return new Pair(isSource ? Optional.of(region.name()) : Optional.empty(),
        isSource ? Optional.empty() : Optional.of(region.name()), List.of(property));
  }

  private static Property place(HelloRegion ours, HelloRegion theirs) {
    boolean exact =
        Units.bytes(ours.size()).equals(Units.bytes(theirs.size())) && ours.size() != theirs.size();
    String here = ours.rangeText(exact);
    String there = theirs.rangeText(exact);
    return ours.hasSameRange(theirs)
        ? Property.informative("place", here, there)
        : Property.refused("place", here, there,
            DIFFERS + "the source's region %s is %s, the target's is %s".formatted(ours.name(), here, there));
  }

  /** Memory that there is no room for is a page fault that cannot be served, in the middle of a migration. */
  private static Property room(HelloRegion ours, HelloRegion theirs) {
    if (theirs.space().isEmpty()) {
      return Property.informative("room", Units.bytes(ours.size()), "not known");
    }
    long size = theirs.size();
    long room = theirs.space().getAsLong() < 0 ? Long.MAX_VALUE : theirs.space().getAsLong(); // It is unsigned.
    boolean exact = room < size && Units.bytes(room).equals(Units.bytes(size));
    String has = Units.bytes(room, exact);
    String needs = Units.bytes(size, exact);
    return Property.checked("room", needs, has, room >= size ? Optional.empty()
        : Optional
            .of("the target has room for %s of its region %s, which has %s".formatted(has, theirs.name(),
                needs)));
  }

  /**
   * Returns the target's regions in the order of the source, which gives the regions of a stream their numbers.
   *
   * @param source what the source introduced, with which it agrees
   */
  public static MemoryRegions inSourceOrder(List<HelloRegion> source, MemoryRegions target) {
    Map<String, MemoryRegion> byName = new LinkedHashMap<>();
    target.list().forEach(region -> byName.put(region.name(), region));
    return new MemoryRegions(source.stream().map(region -> byName.get(region.name())).toList());
  }
}
