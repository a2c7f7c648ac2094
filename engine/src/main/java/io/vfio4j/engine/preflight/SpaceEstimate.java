// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.preflight;

import io.vfio4j.engine.memory.BackingStore;
import io.vfio4j.engine.memory.MemoryRegion;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Estimates the space for a target's regions: what one region of a file system still needs is not free for the next. */
final class SpaceEstimate {

  private final Map<Object, Long> freeByFileSystem = new HashMap<>();

  /** Returns the bytes that the next region of the target has, or can still allocate; empty if unknown. */
  OptionalLong next(MemoryRegion region) {
    Optional<BackingStore.Space> space = region.store().space();
    if (space.isEmpty()) {
      return OptionalLong.empty();
    }
    Object fileSystem = space.get().fileSystem();
    long allocated = Math.min(space.get().allocated(), region.size());
    long free = freeByFileSystem.getOrDefault(fileSystem, space.get().free());
    freeByFileSystem.put(fileSystem, Math.max(0, free - (region.size() - allocated)));
    return OptionalLong.of(Math.addExact(allocated, Math.min(free, Long.MAX_VALUE - allocated)));
  }
}
