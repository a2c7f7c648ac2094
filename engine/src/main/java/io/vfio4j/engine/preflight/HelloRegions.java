// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.preflight;

import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.stream.HelloRegion;
import java.util.List;
import java.util.OptionalLong;

/** How regions of memory are described in a HELLO. */
public final class HelloRegions {

  private HelloRegions() {
  }

  /** Describes the regions of a target: with the space that is available for them now. */
  public static List<HelloRegion> ofTarget(MemoryRegions memory) {
    SpaceEstimate survey = new SpaceEstimate();
    return memory.list().stream().map(survey::describe).toList();
  }

  /** Describes the regions of a source to a target, which may have the same files. */
  public static List<HelloRegion> ofSource(MemoryRegions memory) {
    return memory.list().stream().map(region -> new HelloRegion(region.name(), region.iova(), region.size(),
        OptionalLong.empty(), region.store().identity())).toList();
  }

  /** Describes the regions of a source in a file, which may be restored to where it came from. */
  public static List<HelloRegion> ofFile(MemoryRegions memory) {
    return memory.list().stream().map(region -> new HelloRegion(region.name(), region.iova(), region.size()))
        .toList();
  }
}
