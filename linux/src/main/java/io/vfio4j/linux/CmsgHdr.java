// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * The header of a control message, cmsg(3), as libc declares it on 64-bit machines:
 *
 * <pre>{@code
 * struct cmsghdr {
 *   size_t cmsg_len;      // including this header, without padding
 *   int    cmsg_level;
 *   int    cmsg_type;
 *   // the data: for SCM_RIGHTS an array of int
 * };
 * }</pre>
 */
final class CmsgHdr {

  static final long SIZE = 16;
  static final long LEN_OFFSET = 0;
  static final long LEVEL_OFFSET = 8;
  static final long TYPE_OFFSET = 12;

  private static final int SCM_RIGHTS = 1;

  private CmsgHdr() {}

  /** CMSG_LEN: header and data. */
  static long length(long dataSize) {
    return SIZE + dataSize;
  }

  /** CMSG_SPACE: header, data, and padding up to the next header. */
  static long space(long dataSize) {
    return align(length(dataSize));
  }

  /** CMSG_ALIGN. */
  static long align(long length) {
    return (length + 7) & -8;
  }

  static long length(MemorySegment control, long at) {
    return control.get(JAVA_LONG, at + LEN_OFFSET);
  }

  static boolean isRights(MemorySegment control, long at) {
    return control.get(JAVA_INT, at + LEVEL_OFFSET) == SocketOptions.SOL_SOCKET
        && control.get(JAVA_INT, at + TYPE_OFFSET) == SCM_RIGHTS;
  }

  /** Writes the header of an SCM_RIGHTS message with {@code dataSize} bytes of descriptors. */
  static void rights(MemorySegment control, long at, long dataSize) {
    control.set(JAVA_LONG, at + LEN_OFFSET, length(dataSize));
    control.set(JAVA_INT, at + LEVEL_OFFSET, SocketOptions.SOL_SOCKET);
    control.set(JAVA_INT, at + TYPE_OFFSET, SCM_RIGHTS);
  }
}
