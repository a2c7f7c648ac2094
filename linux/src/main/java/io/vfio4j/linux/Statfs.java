// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * What fstatfs(2) says of a file's file system, where longs have 64 bits; the fields used here are
 *
 * <pre>{@code
 * struct statfs {
 *   __fsword_t f_type;
 *   __fsword_t f_bsize;   // at 8; of hugetlbfs, the size of its pages
 *   ...                   // 120 in all
 * };
 * }</pre>
 */
final class Statfs {

  static final long SIZE = 120;
  static final long TYPE_OFFSET = 0;
  static final long BSIZE_OFFSET = 8;

  private Statfs() {}

  /** Returns the magic number of the file system, without the sign that 32 bits would give it. */
  static long type(MemorySegment statfs) {
    return statfs.get(JAVA_LONG, TYPE_OFFSET) & 0xffff_ffffL;
  }

  static long blockSize(MemorySegment statfs) {
    return statfs.get(JAVA_LONG, BSIZE_OFFSET);
  }
}
