// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import java.lang.foreign.MemorySegment;

/** The last slice made of somebody's memory: messages in a row are mostly alike, and their path should not allocate. */
final class KeptSlice {

  private MemorySegment whole = MemorySegment.NULL;
  private MemorySegment slice = MemorySegment.NULL;
  private long offset;

  MemorySegment of(MemorySegment memory, long from, long length) {
    // Segments are equal by address alone: the scope tells memory that was freed from what took its place.
    boolean same = from == offset && length == slice.byteSize() && memory.equals(whole)
        && memory.byteSize() == whole.byteSize() && memory.scope().equals(whole.scope());
    if (!same) {
      slice = memory.asSlice(from, length);
      whole = memory;
      offset = from;
    }
    return slice;
  }
}
