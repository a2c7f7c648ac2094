// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/**
 * A range of I/O virtual addresses.
 *
 * @param iova the first address, unsigned
 * @param length length in bytes, unsigned, not 0. The range must not wrap around, but may end at the last
 *     address
 */
public record IovaRange(long iova, long length) implements Comparable<IovaRange> {

  /**
   * @throws IllegalArgumentException if the range is empty or wraps around
   */
  public IovaRange {
    if (!isValid(iova, length)) {
      throw new IllegalArgumentException(
          "0x%x + 0x%x is not a valid address range".formatted(iova, length));
    }
  }

  /** Returns whether a range is neither empty nor wraps around. */
  public static boolean isValid(long iova, long length) {
    return length != 0 && Long.compareUnsigned(iova + (length - 1), iova) >= 0;
  }

  /** Returns the last address in the range, unsigned. */
  public long last() {
    return iova + (length - 1);
  }

  /** Returns whether a range lies within this one. A range that is empty or wraps around does not. */
  public boolean contains(long otherIova, long otherLength) {
    return isValid(otherIova, otherLength) && Long.compareUnsigned(otherIova, iova) >= 0
        && Long.compareUnsigned(otherIova + (otherLength - 1), last()) <= 0;
  }

  /** Returns whether the ranges have an address in common. */
  public boolean overlaps(IovaRange other) {
    return Long.compareUnsigned(iova, other.last()) <= 0 && Long.compareUnsigned(other.iova, last()) <= 0;
  }

  /** Orders ranges by their first address. */
  @Override
  public int compareTo(IovaRange other) {
    int byIova = Long.compareUnsigned(iova, other.iova);
    return byIova != 0 ? byIova : Long.compareUnsigned(length, other.length);
  }

  @Override
  public String toString() {
    return "0x%x+0x%x".formatted(iova, length);
  }
}
