// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.preflight;

import io.vfio4j.engine.memory.BackingStore;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.stream.HelloRegion;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** How much room a target has for its regions: what one of them still needs is not there for the next. */
final class SpaceEstimate {

  private final Map<Object, Long> freeByFileSystem = new HashMap<>();

  /** Returns how a region is introduced, as the next of those of a target. */
  HelloRegion describe(MemoryRegion region) {
    return new HelloRegion(region.name(), region.iova(), region.size(), space(region),
        region.store().identity());
  }

  private OptionalLong space(MemoryRegion region) {
    Optional<BackingStore.Space> space = region.store().space();
    if (space.isEmpty()) {
      return OptionalLong.empty();
    }
    Object fileSystem = space.get().fileSystem();
    long there = Math.min(space.get().allocated(), region.size());
    long free = freeByFileSystem.getOrDefault(fileSystem, space.get().free());
    freeByFileSystem.put(fileSystem, Math.max(0, free - (region.size() - there)));
    return OptionalLong.of(Math.addExact(there, Math.min(free, Long.MAX_VALUE - there)));
  }
}
