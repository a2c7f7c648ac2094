// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Puts the pages of MEMORY frames of one channel in their place, in the channel's thread. Nothing of a frame is written
 * before all of its runs have been checked.
 */
final class MemoryReceiver {

  private static final long PAGE = RegionRules.PAGE_SIZE;

  private final MemoryRegions memory;
  private final Stretches stretches;
  private final int channel;
  private final ZeroPages zeros = new ZeroPages();
  private final AtomicLong bytes = new AtomicLong();

  /**
   * Makes a receiver.
   *
   * @param memory the target's regions, in the source's order
   * @param channel which of the channels this is; it may write to its own stretches only
   */
  MemoryReceiver(MemoryRegions memory, Stretches stretches, int channel) {
    this.memory = memory;
    this.stretches = stretches;
    this.channel = channel;
  }

  /** Returns the bytes of payload received so far; for any thread. */
  long bytes() {
    return bytes.get();
  }

  /**
   * Carries out a frame.
   *
   * @param payload a buffer with the frame's payload at its beginning
   * @param length how long the payload is, at most the buffer's size
   * @throws StreamException if it is not one that a source may send on this channel; nothing was written then
   * @throws IOException if the memory cannot be written
   */
  void apply(MemorySegment payload, int length) throws IOException {
    if (length < MemoryRuns.HEAD_BYTES) {
      throw wrong("it has %d bytes".formatted(length));
    }
    MemoryRuns runs = new MemoryRuns(payload);
    int count = checkedCount(runs, length);
    int region = checkedRegion(runs);
    check(runs, region, count, length);
    try {
      write(runs, memory.get(region).memory(), count);
      MemoryFaults.settle();
    } catch (InternalError e) {
      throw MemoryFaults.of(memory.get(region), e);
    }
    bytes.lazySet(bytes.get() + length);
  }

  private static int checkedCount(MemoryRuns runs, int length) throws StreamException {
    long count = runs.count();
    if (count < 1 || count > (length - MemoryRuns.HEAD_BYTES) / MemoryRuns.RUN_BYTES) {
      throw wrong("%d runs in %d bytes".formatted(count, length));
    }
    return (int) count;
  }

  private int checkedRegion(MemoryRuns runs) throws StreamException {
    long region = runs.region();
    if (region >= memory.count()) {
      throw wrong("region %d of %d".formatted(region, memory.count()));
    }
    return (int) region;
  }

  private void check(MemoryRuns runs, int region, int count, int length) throws StreamException {
    long end = 0;
    long allPages = 0;
    long dataPages = 0;
    for (int run = 0; run < count; run++) {
      checkRun(runs, region, run, end);
      long pages = runs.pages(run);
      end = runs.offset(run) + pages * PAGE;
      allPages += pages;
      dataPages += (runs.flags(run) & MemoryRuns.ZERO) != 0 ? 0 : pages;
    }
    if (allPages > Stretches.PAGES) {
      throw wrong("%d pages, but %d at most".formatted(allPages, Stretches.PAGES));
    }
    if (MemoryRuns.dataAt(count) + dataPages * PAGE != length) {
      throw wrong("%d bytes for %d runs with %d pages of data".formatted(length, count, dataPages));
    }
  }

  /** Checks a run that may not begin before an offset: so a frame writes to no page twice. */
  private void checkRun(MemoryRuns runs, int region, int run, long from) throws StreamException {
    long offset = runs.offset(run);
    long pages = runs.pages(run);
    MemoryRegion whole = memory.get(region);
    boolean fits = offset >= 0 && offset < whole.size() && pages > 0
        && pages <= (whole.size() - offset) >>> RegionRules.PAGE_SHIFT;
    if (!RegionRules.isPageMultiple(offset) || !fits) {
      throw wrong("%d pages at 0x%x of region %s, which has %d".formatted(pages, offset, whole.name(),
          whole.pages()));
    }
    if (offset < from) {
      throw wrong("a run at 0x%x after one that ends at 0x%x".formatted(offset, from));
    }
    if ((runs.flags(run) & ~MemoryRuns.ZERO) != 0) {
      throw wrong("unknown flags 0x%x".formatted(runs.flags(run)));
    }
    checkStretch(region, offset >>> RegionRules.PAGE_SHIFT, pages);
  }

  private void checkStretch(int region, long page, long pages) throws StreamException {
    if (page / Stretches.PAGES != (page + pages - 1) / Stretches.PAGES) {
      throw wrong("%d pages at page %d, which are of two stretches".formatted(pages, page));
    }
    if (stretches.channelOf(region, page) != channel) {
      throw wrong("page %d on channel %d instead of %d".formatted(page, channel,
          stretches.channelOf(region, page)));
    }
  }

  private void write(MemoryRuns runs, MemorySegment into, int count) {
    long at = MemoryRuns.dataAt(count);
    for (int run = 0; run < count; run++) {
      long offset = runs.offset(run);
      long size = runs.pages(run) * PAGE;
      if (runs.flags(run) == MemoryRuns.ZERO) {
        for (long page = offset; page < offset + size; page += PAGE) {
          zeros.clear(into, page);
        }
      } else {
        MemorySegment.copy(runs.payload(), at, into, offset, size);
        at += size;
      }
    }
  }

  private static StreamException wrong(String how) {
    return new StreamException("the stream has a MEMORY frame that is wrong: " + how);
  }
}
