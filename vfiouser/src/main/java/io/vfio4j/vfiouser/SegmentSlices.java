// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Slices of a segment, made once each: messages repeat few sizes at few places, and the path of a message should
 * not allocate.
 */
final class SegmentSlices {

  private static final int SLOTS = 64;

  private final MemorySegment segment;
  private final @Nullable MemorySegment[] slices = new MemorySegment[SLOTS];
  private final long[] offsets = new long[SLOTS];

  SegmentSlices(MemorySegment segment) {
    this.segment = segment;
  }

  MemorySegment segment() {
    return segment;
  }

  MemorySegment slice(long offset, long length) {
    int slot = (int) (offset * 31 + length & SLOTS - 1);
    MemorySegment slice = slices[slot];
    if (slice == null || offsets[slot] != offset || slice.byteSize() != length) {
      slice = segment.asSlice(offset, length);
      slices[slot] = slice;
      offsets[slot] = offset;
    }
    return slice;
  }
}
