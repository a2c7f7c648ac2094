// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * The result of fstatfs(2) for a file system, with 64-bit longs; the fields used here are
 *
 * <pre>{@code
 * struct statfs {
 *   __fsword_t f_type;
 *   __fsword_t f_bsize;   // at 8; for hugetlbfs, its page size
 *   ...                   // 120 in all
 * };
 * }</pre>
 */
final class Statfs {

  static final long SIZE = 120;
  static final long TYPE_OFFSET = 0;
  static final long BSIZE_OFFSET = 8;

  private Statfs() {}

  /** Returns the magic number of the file system, zero-extended from 32 bits. */
  static long type(MemorySegment statfs) {
    return statfs.get(JAVA_LONG, TYPE_OFFSET) & 0xffff_ffffL;
  }

  static long blockSize(MemorySegment statfs) {
    return statfs.get(JAVA_LONG, BSIZE_OFFSET);
  }
}
