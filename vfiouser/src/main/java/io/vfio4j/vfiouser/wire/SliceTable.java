// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Caches slices of a segment: messages have few sizes at few offsets, and the message path must not allocate.
 */
public final class SliceTable {

  private static final int SLOT_BITS = 6;
  private static final int SLOTS = 1 << SLOT_BITS;
  /** 2^64 divided by the golden ratio (Fibonacci hashing): a product with it varies in the high bits. */
  private static final long SPREAD = 0x9e3779b97f4a7c15L;

  private final MemorySegment segment;
  private final @Nullable MemorySegment[] slices = new MemorySegment[SLOTS];
  private final long[] offsets = new long[SLOTS];

  public SliceTable(MemorySegment segment) {
    this.segment = segment;
  }

  public MemorySegment segment() {
    return segment;
  }

  public MemorySegment slice(long offset, long length) {
    // Lengths are often multiples of 64, so their low bits would all select the same slot.
    int slot = (int) (((offset * 31 + length) * SPREAD) >>> (Long.SIZE - SLOT_BITS));
    MemorySegment slice = slices[slot];
    if (slice == null || offsets[slot] != offset || slice.byteSize() != length) {
      slice = segment.asSlice(offset, length);
      slices[slot] = slice;
      offsets[slot] = offset;
    }
    return slice;
  }
}
