// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.lang.foreign.MemorySegment;

/** The content of a region, or of a part of it. Offsets are relative to the part; accesses do not exceed it. */
interface RegionPart {

  /** Reads the whole segment from an offset. */
  void read(long offset, MemorySegment into);

  /** Writes the whole segment to an offset. */
  void write(long offset, MemorySegment data);
}
