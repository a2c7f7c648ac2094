// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import java.util.OptionalLong;

/**
 * A place in a region that can be written by signalling an eventfd instead of sending a message, as by a
 * guest with KVM_IOEVENTFD ({@code struct vfio_user_sub_region_ioeventfd} of the vfio-user specification).
 *
 * @param offset its offset in the region, bytes
 * @param size the size of the writes that ring it; 0 for any
 * @param datamatch the value of the writes that ring it, little-endian; empty for any value, which is then
 *     not known
 */
public record Doorbell(long offset, long size, OptionalLong datamatch) {

  /** Checks that the range is valid, and that a datamatch has an access size. */
  public Doorbell {
    if (offset < 0 || size < 0 || offset > Long.MAX_VALUE - size
        || (datamatch.isPresent() && !isAccessSize(size))) {
      throw new IllegalArgumentException("a doorbell of %d bytes at %d".formatted(size, offset));
    }
  }

  /** Returns whether a write can have this size: 1, 2, 4 or 8 bytes. */
  public static boolean isAccessSize(long size) {
    return size >= 1 && size <= Long.BYTES && Long.bitCount(size) == 1;
  }

  /** Returns whether it is within a region of that size. */
  public boolean isWithin(long regionSize) {
    return offset <= regionSize - size;
  }
}
