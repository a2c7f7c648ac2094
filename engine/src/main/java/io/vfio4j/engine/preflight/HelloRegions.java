// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.preflight;

import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.stream.HelloRegion;
import java.util.List;

/** Describes regions of memory for a HELLO. */
public final class HelloRegions {

  private HelloRegions() {
  }

  /** Describes a target's regions, with the space that is available for them now. */
  public static List<HelloRegion> ofTarget(MemoryRegions memory) {
    SpaceEstimate estimate = new SpaceEstimate();
    return memory.list().stream()
        .map(region -> describe(region).withSpace(estimate.next(region)).withFile(region.store().identity()))
        .toList();
  }

  /** Describes a source's regions, with their files, which a target could have too. */
  public static List<HelloRegion> ofSource(MemoryRegions memory) {
    return memory.list().stream().map(region -> describe(region).withFile(region.store().identity()))
        .toList();
  }

  /** Describes a source's regions in a saved file, without their files: restoring to the same ones is permitted. */
  public static List<HelloRegion> ofFile(MemoryRegions memory) {
    return memory.list().stream().map(HelloRegions::describe).toList();
  }

  private static HelloRegion describe(MemoryRegion region) {
    return new HelloRegion(region.name(), region.iova(), region.size());
  }
}
