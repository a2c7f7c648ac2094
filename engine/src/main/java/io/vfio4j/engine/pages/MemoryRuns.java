// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The payload of a MEMORY frame, and access to its runs. Little-endian, unaligned.
 *
 * <pre>
 *  0  u32  region
 *  4  u32  number of runs, n
 *  8  n times 16 bytes, a run:
 *      0  u64  offset in the region, bytes
 *      8  u32  number of pages, at least 1
 *     12  u32  flags, bit 0: the pages are zero, and not in the frame; all others 0
 * 8 + 16 n  the pages of all other runs, in order, 4096 bytes each
 * </pre>
 *
 * @param payload the whole payload
 */
public record MemoryRuns(MemorySegment payload) {

  static final int HEAD_BYTES = 8;
  static final int RUN_BYTES = 16;

  /** Flag: the pages of the run are zero, and not in the frame. */
  static final int ZERO = 1;

  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int COUNT = 4;
  private static final int PAGES = 8;
  private static final int FLAGS = 12;

  /** Returns the offset of the pages. */
  static int dataAt(int runs) {
    return HEAD_BYTES + runs * RUN_BYTES;
  }

  void setHead(int region, int runs) {
    payload.set(U32, 0, region);
    payload.set(U32, COUNT, runs);
  }

  void setRun(int run, long offset, int pages, int flags) {
    long at = dataAt(run);
    payload.set(U64, at, offset);
    payload.set(U32, at + PAGES, pages);
    payload.set(U32, at + FLAGS, flags);
  }

  long region() {
    return Integer.toUnsignedLong(payload.get(U32, 0));
  }

  public long count() {
    return Integer.toUnsignedLong(payload.get(U32, COUNT));
  }

  /** Returns the offset of a run in its region, in bytes, unsigned. */
  long offset(int run) {
    return payload.get(U64, dataAt(run));
  }

  public long pages(int run) {
    return Integer.toUnsignedLong(payload.get(U32, dataAt(run) + PAGES));
  }

  int flags(int run) {
    return payload.get(U32, dataAt(run) + FLAGS);
  }
}
