// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.util.Units;
import java.io.IOException;

/**
 * Accesses to memory whose file has been cut, or for which no page is left, are a SIGBUS, which the virtual machine turns
 * into an {@link InternalError} of the thread. Compiled code throws it only where HotSpot looks for such, which may be
 * long after the access.
 */
final class MemoryFaults {

  private MemoryFaults() {
  }

  /** Lets the error of an access before come here: a native method is a place to look, and this one is cheap. */
  static void deliverPending() {
    Thread.holdsLock(MemoryFaults.class);
  }

  /** Returns what to throw in place of the error. */
  static IOException exception(MemoryRegion region, InternalError error) {
    return new IOException(
        "region %s, %s at 0x%x, cannot be accessed: the file behind it was cut, or no memory is left for it"
            .formatted(region.name(), Units.bytes(region.size()), region.iova()),
        error);
  }
}
