// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/**
 * A range of I/O virtual addresses.
 *
 * @param iova the first address, unsigned
 * @param length bytes, unsigned, not 0; the range must not wrap around, but may end at the last address
 */
public record IovaRange(long iova, long length) implements Comparable<IovaRange> {

  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException if it is empty or wraps around
   */
  public IovaRange {
    if (!isValid(iova, length)) {
      throw new IllegalArgumentException(
          "0x%x + 0x%x is not a range of addresses".formatted(iova, length));
    }
  }

  /** Tells whether a range is neither empty nor wraps around. */
  public static boolean isValid(long iova, long length) {
    return length != 0 && Long.compareUnsigned(iova + (length - 1), iova) >= 0;
  }

  /** Returns the last address in the range, unsigned. */
  public long last() {
    return iova + (length - 1);
  }

  /** Tells whether a range lies in this one; one that is empty or wraps around lies in none. */
  public boolean contains(long otherIova, long otherLength) {
    return isValid(otherIova, otherLength) && Long.compareUnsigned(otherIova, iova) >= 0
        && Long.compareUnsigned(otherIova + (otherLength - 1), last()) <= 0;
  }

  /** Tells whether the ranges share an address. */
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
