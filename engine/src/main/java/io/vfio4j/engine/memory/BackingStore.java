// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.memory;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The store that holds the bytes of a region of memory, and may run out of space: then a write to a page that is not
 * allocated yet fails in the middle of a migration.
 */
@FunctionalInterface
public interface BackingStore {

  /** A store whose space is unknown. */
  BackingStore UNKNOWN = Optional::empty;

  /** Returns the space that is available now; empty if unknown. */
  Optional<Space> space();

  /**
   * Allocates pages of the region, so that a later write does not wait for that. Their content does not change, even if
   * other threads write to them meanwhile. A store that does not support it does nothing.
   *
   * @param pages a part of the region's memory, whole pages of 4096 bytes
   * @throws IOException if there is no space for them, or the store fails
   */
  default void allocate(MemorySegment pages) throws IOException {
    // Pages are allocated by the first write.
  }

  /**
   * Returns which file it is; empty if it is not a file, or unknown. A migration is refused if a region of the target is the
   * same file as one of the source: loading would overwrite what the source's workload writes.
   */
  default Optional<FileIdentity> identity() {
    return Optional.empty();
  }

  /**
   * Space, in bytes, not negative.
   *
   * @param fileSystem the file system, equal for regions that share it
   * @param allocated the part of the region that is allocated already, at most
   * @param free what the file system can still provide, to all regions that share it
   */
  record Space(Object fileSystem, long allocated, long free) {

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is negative
     */
    public Space {
      if (allocated < 0 || free < 0) {
        throw new IllegalArgumentException("%d bytes allocated, %d free".formatted(allocated, free));
      }
    }
  }
}
