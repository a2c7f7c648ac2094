// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A mapping that the client made with DMA_MAP.
 *
 * @param range where the device sees it
 * @param flags what the client allows, {@link #READ} and {@link #WRITE}
 * @param memory the memory, if the client handed it over
 * @param owner unmaps the memory
 */
record DmaMapping(IovaRange range, int flags, @Nullable MemorySegment memory, Arena owner) {

  static final int READ = 1;
  static final int WRITE = 2;
  static final int MMAP = 4;
  static final int FILE_IO = 8;

  boolean allows(int access) {
    return (flags & access) == access;
  }
}
