// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** How much room a target has for its regions: what one of them still needs is not there for the next. */
final class RoomSurvey {

  private final Map<Object, Long> left = new HashMap<>();

  /** Returns how a region is introduced, as the next of those of a target. */
  HelloRegion introduced(MemoryRegion region) {
    return new HelloRegion(region.name(), region.iova(), region.size(), room(region),
        region.store().identity());
  }

  private OptionalLong room(MemoryRegion region) {
    Optional<BackingStore.Space> space = region.store().space();
    if (space.isEmpty()) {
      return OptionalLong.empty();
    }
    Object fileSystem = space.get().fileSystem();
    long there = Math.min(space.get().allocated(), region.size());
    long free = left.getOrDefault(fileSystem, space.get().free());
    left.put(fileSystem, Math.max(0, free - (region.size() - there)));
    return OptionalLong.of(Math.addExact(there, Math.min(free, Long.MAX_VALUE - there)));
  }
}
