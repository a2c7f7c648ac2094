// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;

/**
 * The result of statx(2) for a file, from {@code include/uapi/linux/stat.h}; the fields used here are
 *
 * <pre>{@code
 * struct statx {
 *   ...
 *   __u16 stx_mode;        // at 28
 *   __u64 stx_ino;         // at 32
 *   __u64 stx_size;        // at 40
 *   __u64 stx_blocks;      // of 512 bytes each
 *   ...
 *   __u32 stx_rdev_major;  // at 128
 *   __u32 stx_rdev_minor;
 *   __u32 stx_dev_major;   // at 136
 *   __u32 stx_dev_minor;
 *   ...                    // 256 in all
 * };
 * }</pre>
 */
final class Statx {

  static final long SIZE = 256;
  static final long MODE_OFFSET = 28;
  static final long INO_OFFSET = 32;
  static final long SIZE_OFFSET = 40;
  static final long BLOCKS_OFFSET = 48;
  static final long RDEV_MAJOR_OFFSET = 128;
  static final long RDEV_MINOR_OFFSET = 132;
  static final long DEV_MAJOR_OFFSET = 136;
  static final long DEV_MINOR_OFFSET = 140;

  static final int STATX_TYPE = 0x1;
  static final int STATX_INO = 0x100;
  static final int STATX_SIZE = 0x200;
  static final int STATX_BLOCKS = 0x400;

  static final int AT_FDCWD = -100;
  static final int AT_SYMLINK_NOFOLLOW = 0x100;
  static final int AT_EMPTY_PATH = 0x1000;

  static final int S_IFSOCK = 0xc000;
  static final int S_IFREG = 0x8000;
  static final int S_IFBLK = 0x6000;
  static final int S_IFCHR = 0x2000;

  private static final int S_IFMT = 0xf000;

  private static final int BLOCK_SHIFT = 9;

  private Statx() {}

  /** Returns the number of bytes allocated to the file. */
  static long allocated(MemorySegment statx) {
    return statx.get(JAVA_LONG, BLOCKS_OFFSET) << BLOCK_SHIFT;
  }

  static long size(MemorySegment statx) {
    return statx.get(JAVA_LONG, SIZE_OFFSET);
  }

  /** Returns the type of the file, one of S_IF*; 0 for files outside file systems, such as eventfds. */
  static int type(MemorySegment statx) {
    return statx.get(JAVA_SHORT, MODE_OFFSET) & S_IFMT;
  }

  /** Returns the number of a character or block device, as in {@code 1:5}. */
  static String deviceNumber(MemorySegment statx) {
    return Integer.toUnsignedString(statx.get(JAVA_INT, RDEV_MAJOR_OFFSET)) + ":"
        + Integer.toUnsignedString(statx.get(JAVA_INT, RDEV_MINOR_OFFSET));
  }

  static FileId fileId(MemorySegment statx) {
    boolean socket = type(statx) == S_IFSOCK;
    return new FileId(statx.get(JAVA_INT, DEV_MAJOR_OFFSET), statx.get(JAVA_INT, DEV_MINOR_OFFSET),
        statx.get(JAVA_LONG, INO_OFFSET), socket);
  }
}
