// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import java.lang.foreign.MemorySegment;

/**
 * Caches the last slice of a segment: consecutive messages are mostly alike, and the message path must not
 * allocate.
 */
public final class SliceCache {

  private MemorySegment source = MemorySegment.NULL;
  private MemorySegment slice = MemorySegment.NULL;
  private long offset;

  public MemorySegment of(MemorySegment memory, long from, long length) {
    // Segments are equal by address alone; the scope distinguishes memory that was freed from memory
    // allocated in its place.
    boolean same = from == offset && length == slice.byteSize() && memory.equals(source)
        && memory.byteSize() == source.byteSize() && memory.scope().equals(source.scope());
    if (!same) {
      slice = memory.asSlice(from, length);
      source = memory;
      offset = from;
    }
    return slice;
  }
}
