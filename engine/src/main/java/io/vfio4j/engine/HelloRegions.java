// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.List;
import java.util.OptionalLong;

/** How regions of memory are described in a HELLO. */
final class HelloRegions {

  private HelloRegions() {
  }

  /** Describes the regions of a target: with the space that is available for them now. */
  static List<HelloRegion> ofTarget(MemoryRegions memory) {
    RoomSurvey survey = new RoomSurvey();
    return memory.list().stream().map(survey::introduced).toList();
  }

  /** Describes the regions of a source to a target, which may have the same files. */
  static List<HelloRegion> ofSource(MemoryRegions memory) {
    return memory.list().stream().map(region -> new HelloRegion(region.name(), region.iova(), region.size(),
        OptionalLong.empty(), region.store().identity())).toList();
  }

  /** Describes the regions of a source in a file, which may be restored to where it came from. */
  static List<HelloRegion> ofFile(MemoryRegions memory) {
    return memory.list().stream().map(region -> new HelloRegion(region.name(), region.iova(), region.size()))
        .toList();
  }
}
