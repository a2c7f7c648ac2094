// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * The header of a message of recvmsg(2) and sendmsg(2), as the kernel defines it on 64-bit machines:
 *
 * <pre>{@code
 * struct msghdr {
 *   void         *msg_name;
 *   socklen_t     msg_namelen;     // and 4 bytes of padding
 *   struct iovec *msg_iov;
 *   size_t        msg_iovlen;
 *   void         *msg_control;
 *   size_t        msg_controllen;
 *   int           msg_flags;       // and 4 bytes of padding
 * };
 * }</pre>
 */
final class MsgHdr {

  static final long SIZE = 56;
  static final long IOV_OFFSET = 16;
  static final long IOVLEN_OFFSET = 24;
  static final long CONTROL_OFFSET = 32;
  static final long CONTROLLEN_OFFSET = 40;
  static final long FLAGS_OFFSET = 48;

  private MsgHdr() {}

  static void iov(MemorySegment header, MemorySegment iovecs, int count) {
    header.set(ADDRESS, IOV_OFFSET, iovecs);
    header.set(JAVA_LONG, IOVLEN_OFFSET, count);
  }

  static void control(MemorySegment header, MemorySegment control, long length) {
    header.set(ADDRESS, CONTROL_OFFSET, control);
    header.set(JAVA_LONG, CONTROLLEN_OFFSET, length);
  }

  static long controlLength(MemorySegment header) {
    return header.get(JAVA_LONG, CONTROLLEN_OFFSET);
  }

  static int flags(MemorySegment header) {
    return header.get(JAVA_INT, FLAGS_OFFSET);
  }
}
