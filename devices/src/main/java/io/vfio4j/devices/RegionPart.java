// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.lang.foreign.MemorySegment;

/** What lies in a region, or in a part of one. Accesses lie within it. */
interface RegionPart {

  /** Reads bytes, all of them, from any offset. */
  void read(long offset, MemorySegment into);

  /** Writes bytes at any offset. */
  void write(long offset, MemorySegment data);
}
