// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/**
 * The result of statvfs(3) for a file system, with 64-bit longs; the fields used here are
 *
 * <pre>{@code
 * struct statvfs {
 *   unsigned long f_bsize;
 *   unsigned long f_frsize;   // at 8
 *   fsblkcnt_t    f_blocks;   // of f_frsize bytes
 *   fsblkcnt_t    f_bfree;
 *   fsblkcnt_t    f_bavail;   // at 32
 *   ...                       // 112 in all
 * };
 * }</pre>
 */
final class Statvfs {

  static final long SIZE = 112;
  static final long FRSIZE_OFFSET = 8;
  static final long BLOCKS_OFFSET = 16;
  static final long BAVAIL_OFFSET = 32;

  private Statvfs() {}

  /**
   * Returns the number of bytes available to unprivileged users; empty if the file system does not say, like
   * memfds and hugetlbfs without a limit.
   */
  static OptionalLong available(MemorySegment statvfs) {
    if (statvfs.get(JAVA_LONG, BLOCKS_OFFSET) == 0) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(statvfs.get(JAVA_LONG, BAVAIL_OFFSET) * statvfs.get(JAVA_LONG, FRSIZE_OFFSET));
  }
}
