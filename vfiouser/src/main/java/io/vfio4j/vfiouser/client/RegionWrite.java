// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.vfiouser.wire.Structs;

/**
 * A write of a few bytes; many of them fit in one message.
 *
 * @param region the region's index
 * @param offset where to write, bytes
 * @param count number of bytes, 1 to 8
 * @param value the bytes as a little-endian number; excess bytes are ignored
 */
public record RegionWrite(int region, long offset, int count, long value) {

  /** Checks the number of bytes. */
  public RegionWrite {
    if (count < 1 || count > Structs.WriteMulti.DATA_SIZE) {
      throw new IllegalArgumentException("a write of " + count + " bytes (expected 1 to 8)");
    }
  }

  /** Returns a write to a 32-bit register. */
  public static RegionWrite ofInt(int region, long offset, int value) {
    return new RegionWrite(region, offset, Integer.BYTES, value);
  }

  /** Returns a write to a 64-bit register. */
  public static RegionWrite ofLong(int region, long offset, long value) {
    return new RegionWrite(region, offset, Long.BYTES, value);
  }
}
