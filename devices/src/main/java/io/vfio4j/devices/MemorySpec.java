// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateFormat;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What memory of a device is to be like.
 *
 * @param name what messages and the saved state call it; it must stay the same
 * @param size bytes: a multiple of {@link #PAGE_SIZE} from one page to {@link #MAX_BYTES}
 * @param mappable whether clients may map it. The device does not see their writes then, and finds them by
 *     comparing with what it has sent, which takes a copy of the memory during a migration
 * @param content a file whose beginning is the initial content, as much of it as fits; without one it is zeros
 */
public record MemorySpec(String name, long size, boolean mappable, Optional<Path> content) {

  /** Bytes of a page: what is sent as a whole in a migration. */
  public static final int PAGE_SIZE = StateFormat.PAGE_SIZE;

  /** The most memory that there can be, in bytes. */
  public static final long MAX_BYTES = 1L << 46;

  /**
   * Checks the size.
   *
   * @throws IllegalArgumentException if it is not one that memory can have
   */
  public MemorySpec {
    if (size <= 0 || size % PAGE_SIZE != 0 || size > MAX_BYTES) {
      throw new IllegalArgumentException("%s of %d bytes: give a multiple of %d from %d to %d"
          .formatted(name, size, PAGE_SIZE, PAGE_SIZE, MAX_BYTES));
    }
  }

  /** Returns memory of zeros that only the device itself and region accesses reach. */
  public static MemorySpec of(String name, long size) {
    return new MemorySpec(name, size, false, Optional.empty());
  }

  /** Returns this with memory that clients may map, or may not. */
  public MemorySpec withMappable(boolean isMappable) {
    return new MemorySpec(name, size, isMappable, content);
  }

  /** Returns this with a file that is the initial content, or none. */
  public MemorySpec withContent(Optional<Path> file) {
    return new MemorySpec(name, size, mappable, file);
  }
}
