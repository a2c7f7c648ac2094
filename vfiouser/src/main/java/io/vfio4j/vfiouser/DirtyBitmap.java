// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The bitmap of a report, from its making until it has been sent. */
final class DirtyBitmap implements AutoCloseable {

  private final Arena owner = Arena.ofConfined();
  private final MemorySegment bits;

  /** Makes a bitmap without a bit set; the caller has checked its size. */
  DirtyBitmap(long bytes) {
    bits = owner.allocate(bytes, Long.BYTES);
  }

  MemorySegment bits() {
    return bits;
  }

  @Override
  public void close() {
    owner.close();
  }
}
