// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

/**
 * What one end of a connection takes, or what both agreed on.
 *
 * @param maxMsgFds file descriptors in a message
 * @param maxDataXferSize bytes of data in a message
 * @param maxDmaMaps mappings at one time
 * @param maxBitmapSize bytes of a dirty bitmap
 */
public record Limits(int maxMsgFds, int maxDataXferSize, int maxDmaMaps, long maxBitmapSize) {

  /** What the protocol assumes of a peer that names no limits, and what a server of ours offers. */
  public static final Limits DEFAULT = new Limits(8, 1 << 20, 65535, 32L << 20);

  private static final int SMALLEST_DATA_XFER = 64;

  /** Checks that the limits leave room to work. */
  public Limits {
    if (maxMsgFds < 0 || maxDataXferSize < SMALLEST_DATA_XFER || maxDmaMaps < 1
        || maxBitmapSize < Long.BYTES) {
      throw new IllegalArgumentException("limits too small to work with");
    }
  }

  /** Returns the lower of both sides' values. */
  Limits lowerOf(Limits other) {
    return new Limits(Math.min(maxMsgFds, other.maxMsgFds), Math.min(maxDataXferSize, other.maxDataXferSize),
        Math.min(maxDmaMaps, other.maxDmaMaps), Math.min(maxBitmapSize, other.maxBitmapSize));
  }
}
