// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import java.util.OptionalLong;

/**
 * A place in a region where a write may come as the signal of an eventfd instead of a message, as KVM_IOEVENTFD takes
 * it from a guest ({@code struct vfio_user_sub_region_ioeventfd} of the vfio-user specification).
 *
 * @param offset where in the region it lies, bytes
 * @param size bytes of the writes that ring it; 0 if any do
 * @param datamatch the value of the writes that ring it, little-endian; empty if any value does, which is then lost
 */
public record Doorbell(long offset, long size, OptionalLong datamatch) {

  /** Checks that it lies somewhere, and that a value has a size. */
  public Doorbell {
    if (offset < 0 || size < 0 || offset > Long.MAX_VALUE - size
        || (datamatch.isPresent() && !isAccessSize(size))) {
      throw new IllegalArgumentException("a doorbell of %d bytes at %d".formatted(size, offset));
    }
  }

  /** Tells whether a write can have so many bytes: 1, 2, 4 or 8. */
  public static boolean isAccessSize(long size) {
    return size >= 1 && size <= Long.BYTES && Long.bitCount(size) == 1;
  }

  /** Tells whether it lies within a region of so many bytes. */
  public boolean isWithin(long regionSize) {
    return offset <= regionSize - size;
  }
}
