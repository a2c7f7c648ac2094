// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.util.Units;
import java.io.IOException;

/**
 * Handles SIGBUS: an access to memory whose file has been truncated, or for which no page can be allocated. The JVM turns
 * the signal into an {@link InternalError} in the thread. Compiled code throws it only where HotSpot polls for it, which may
 * be long after the access.
 */
final class MemoryFaults {

  private MemoryFaults() {
  }

  /** Makes the error of a previous access surface here: HotSpot polls in native methods, and this one is cheap. */
  static void deliverPending() {
    Thread.holdsLock(MemoryFaults.class);
  }

  /** Returns the exception to throw in place of the error. */
  static IOException exception(MemoryRegion region, InternalError error) {
    return new IOException(
        "region %s, %s at 0x%x, cannot be accessed: its file was truncated, or no memory is left for it"
            .formatted(region.name(), Units.bytes(region.size()), region.iova()),
        error);
  }
}
