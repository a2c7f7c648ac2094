// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory with contents that tests recognise. */
public final class TestMemory {

  private TestMemory() {
  }

  /** Returns memory in which all aligned 32-bit words differ. */
  public static MemorySegment pattern(Arena arena, int size) {
    MemorySegment data = arena.allocate(size, 8);
    for (int i = 0; i < size; i += 4) {
      data.set(LittleEndian.U32, i, i * 0x9E3779B9 + 1);
    }
    return data;
  }
}
