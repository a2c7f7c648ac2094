// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import java.util.Optional;

/**
 * A range of whole pages of a file.
 *
 * @param offset offset in bytes
 * @param length length in bytes
 */
record PageRange(long offset, long length) {

  /**
   * Returns the pages that contain a range of a file.
   *
   * @param offset offset of the range, in bytes, at least 0
   * @param length length in bytes, at least 1; the sum of both fits in a long
   * @param pageSize page size in bytes, a power of two
   * @return the pages; empty if their end does not fit in a long
   */
  static Optional<PageRange> covering(long offset, long length, long pageSize) {
    long begin = offset & -pageSize;
    long last = offset + length - 1 | pageSize - 1;
    return last == Long.MAX_VALUE ? Optional.empty() : Optional.of(new PageRange(begin, last + 1 - begin));
  }
}
