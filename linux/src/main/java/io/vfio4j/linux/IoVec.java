// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * An entry in an array of buffers, struct iovec of readv(2):
 *
 * <pre>{@code
 * struct iovec {
 *   void  *iov_base;
 *   size_t iov_len;
 * };
 * }</pre>
 */
final class IoVec {

  static final long SIZE = 16;
  static final long BASE_OFFSET = 0;
  static final long LEN_OFFSET = 8;

  private IoVec() {}

  /** Sets entry {@code index} to {@code buffer} without its first {@code skip} bytes. */
  static void set(MemorySegment iovecs, int index, MemorySegment buffer, long skip) {
    long at = index * SIZE;
    iovecs.set(JAVA_LONG, at + BASE_OFFSET, buffer.address() + skip);
    iovecs.set(JAVA_LONG, at + LEN_OFFSET, buffer.byteSize() - skip);
  }
}
