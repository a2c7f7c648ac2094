// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Whether both sides have the same memory: regions of one name have one place, in any order. */
final class RegionAgreement {

  private RegionAgreement() {
  }

  /** Returns what differs, in words; nothing where the sides agree. */
  static List<String> differences(List<HelloRegion> source, List<HelloRegion> target) {
    List<String> differences = new ArrayList<>();
    Map<String, HelloRegion> others = new LinkedHashMap<>();
    target.forEach(region -> others.put(region.name(), region));
    for (HelloRegion ours : source) {
      HelloRegion theirs = others.remove(ours.name());
      if (theirs == null) {
        differences.add("the source's region %s is %s, the target has none of that name"
            .formatted(ours.name(), ours.place(false)));
      } else if (!theirs.isAtPlaceOf(ours)) {
        boolean exact =
            Words.bytes(ours.size()).equals(Words.bytes(theirs.size())) && ours.size() != theirs.size();
        differences.add("the source's region %s is %s, the target's is %s"
            .formatted(ours.name(), ours.place(exact), theirs.place(exact)));
      }
    }
    others.values()
        .forEach(region -> differences.add("the target's region %s is %s, the source has none of that name"
            .formatted(region.name(), region.place(false))));
    return differences;
  }

  /**
   * Returns the target's regions in the order of the source, which gives the regions of a stream their numbers.
   *
   * @param source what the source introduced, which has no {@link #differences}
   */
  static MemoryRegions inOrderOf(List<HelloRegion> source, MemoryRegions target) {
    Map<String, MemoryRegion> byName = new LinkedHashMap<>();
    target.list().forEach(region -> byName.put(region.name(), region));
    return new MemoryRegions(source.stream().map(region -> byName.get(region.name())).toList());
  }
}
