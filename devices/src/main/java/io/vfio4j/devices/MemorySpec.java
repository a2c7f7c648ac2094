// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateFormat;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The specification of a device memory.
 *
 * @param name the name in messages and in the saved state, which must never change
 * @param size bytes: a multiple of {@link #PAGE_SIZE} from one page to {@link #MAX_BYTES}
 * @param mappable whether clients may map the memory. The device does not see their writes, so a migration keeps a shadow
 *     copy of what was sent, and compares
 * @param content a file that holds the initial content, as much of it as fits; the default is zeros
 */
public record MemorySpec(String name, long size, boolean mappable, Optional<Path> content) {

  /** Bytes of a page, the unit of tracking and sending. */
  public static final int PAGE_SIZE = StateFormat.PAGE_SIZE;

  /** The maximum size in bytes. */
  public static final long MAX_BYTES = 1L << 46;

  /**
   * Checks the size.
   *
   * @throws IllegalArgumentException if the size is not valid
   */
  public MemorySpec {
    if (size <= 0 || size % PAGE_SIZE != 0 || size > MAX_BYTES) {
      throw new IllegalArgumentException("%s of %d bytes: expected a multiple of %d from %d to %d"
          .formatted(name, size, PAGE_SIZE, PAGE_SIZE, MAX_BYTES));
    }
  }

  /** Returns memory that is initially zero and not mappable. */
  public static MemorySpec of(String name, long size) {
    return new MemorySpec(name, size, false, Optional.empty());
  }

  /** Returns this as memory that clients may map, or may not. */
  public MemorySpec withMappable(boolean allowed) {
    return new MemorySpec(name, size, allowed, content);
  }

  /** Returns this with a file that holds the initial content, or without one. */
  public MemorySpec withContent(Optional<Path> file) {
    return new MemorySpec(name, size, mappable, file);
  }
}
