// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import io.vfio4j.engine.memory.RegionRules;
import java.lang.foreign.MemorySegment;

/**
 * Builds a MEMORY frame in its buffer: first the runs are collected, then their pages are copied. The copy is needed because
 * memory may change while the checksum is computed.
 */
final class MemoryFrame {

  /** The length of a frame with one page. */
  static final int MIN_BYTES = MemoryRuns.dataAt(1) + (int) RegionRules.PAGE_SIZE;

  private static final long PAGE = RegionRules.PAGE_SIZE;

  private final MemorySegment payload;
  private final MemoryRuns runs;
  private final long limit;
  private int count;
  private long dataPages;
  private int allPages;
  private long lastPage;
  private int lastPages;
  private boolean lastIsZero;

  /**
   * Creates an empty frame.
   *
   * @param payload the buffer for it
   * @param limit the maximum length in bytes, at least {@link #MIN_BYTES}
   */
  MemoryFrame(MemorySegment payload, long limit) {
    if (limit < MIN_BYTES || limit > payload.byteSize()) {
      throw new IllegalArgumentException("frames of %d bytes in %d".formatted(limit, payload.byteSize()));
    }
    this.payload = payload;
    this.runs = new MemoryRuns(payload);
    this.limit = limit;
  }

  boolean isEmpty() {
    return count == 0;
  }

  /** Returns the number of pages that the frame covers. */
  int pages() {
    return allPages;
  }

  /** Returns the number of pages that are not zero. */
  long dataPages() {
    return dataPages;
  }

  /** Returns whether another page fits, zero or not. */
  boolean hasRoom() {
    return allPages < ChannelShards.SHARD_PAGES
        && MemoryRuns.dataAt(count + 1) + (dataPages + 1) * PAGE <= limit;
  }

  /** Adds a page, which must fit and follow the previous ones. A run stays within one shard. */
  void add(long page, boolean isZero) {
    boolean continues = count > 0 && isZero == lastIsZero && page == lastPage + lastPages
        && page % ChannelShards.SHARD_PAGES != 0;
    if (continues) {
      lastPages++;
    } else {
      closeRun();
      count++;
      lastPage = page;
      lastPages = 1;
      lastIsZero = isZero;
    }
    allPages++;
    if (!isZero) {
      dataPages++;
    }
  }

  private void closeRun() {
    if (count > 0) {
      runs.setRun(count - 1, lastPage * PAGE, lastPages, lastIsZero ? MemoryRuns.ZERO : 0);
    }
  }

  /**
   * Copies the pages. The frame can then be sent, and this object is empty again.
   *
   * @return the length of the payload
   */
  int finish(int region, MemorySegment memory) {
    closeRun();
    runs.setHead(region, count);
    long at = MemoryRuns.dataAt(count);
    for (int run = 0; run < count; run++) {
      if (runs.flags(run) == 0) {
        long bytes = runs.pages(run) * PAGE;
        MemorySegment.copy(memory, runs.offset(run), payload, at, bytes);
        at += bytes;
      }
    }
    count = 0;
    dataPages = 0;
    allPages = 0;
    return (int) at;
  }
}
