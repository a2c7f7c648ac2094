// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import java.util.Optional;

/**
 * Whole pages of a file.
 *
 * @param offset where they begin, bytes
 * @param length bytes
 */
record PageRange(long offset, long length) {

  /**
   * Returns the pages that a part of a file lies in.
   *
   * @param offset where the part begins, bytes, at least 0
   * @param length bytes, at least 1; the sum of both is not too large for a long
   * @param pageSize bytes, a power of two
   * @return the pages; empty if their end is too large for a long
   */
  static Optional<PageRange> covering(long offset, long length, long pageSize) {
    long begin = offset & -pageSize;
    long last = offset + length - 1 | pageSize - 1;
    return last == Long.MAX_VALUE ? Optional.empty() : Optional.of(new PageRange(begin, last + 1 - begin));
  }
}
