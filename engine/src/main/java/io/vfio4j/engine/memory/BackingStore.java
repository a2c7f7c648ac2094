// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.memory;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * What holds the bytes of a region of memory, and may run out of room for them: a page that is written to and cannot be
 * had is an access that fails in the middle of a migration.
 */
@FunctionalInterface
public interface BackingStore {

  /** One of which nobody knows. */
  BackingStore UNKNOWN = Optional::empty;

  /** Returns how much room there is now; empty where it cannot be known. */
  Optional<Space> space();

  /**
   * Makes pages of the region present, so that who writes to them does not wait for that. What they hold stays as it is,
   * also where others write to them meanwhile. A store that cannot do it does nothing.
   *
   * @param pages a part of the region's memory, whole pages of 4096 bytes
   * @throws IOException if there is no room for them, or the store fails
   */
  default void allocate(MemorySegment pages) throws IOException {
    // Pages come when they are first written to.
  }

  /**
   * Returns which file it is; empty where it is none, or cannot be known. A migration is refused where a region of the
   * target is the same file as one of the source: what is loaded would undo what the source's workload writes.
   */
  default Optional<FileIdentity> identity() {
    return Optional.empty();
  }

  /**
   * Room, in bytes, none of it negative.
   *
   * @param fileSystem what gives it, equal for regions that share it
   * @param allocated how much of the region is there already, at most
   * @param free how much can still be had, by all regions that share it together
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
