// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.List;

/** What a MEMORY frame of one channel has to be like; nothing of it is to be used before. */
final class MemoryFrameCheck {

  private static final long PAGE = RegionRules.PAGE_SIZE;

  private final List<? extends RegionRules.Placed> regions;
  private final Stretches stretches;
  private final int channel;

  /**
   * Makes a check.
   *
   * @param regions all regions, in the source's order
   * @param channel which of the channels it is about; only its own stretches may come over it
   */
  MemoryFrameCheck(List<? extends RegionRules.Placed> regions, Stretches stretches, int channel) {
    this.regions = regions;
    this.stretches = stretches;
    this.channel = channel;
  }

  /**
   * Checks a frame.
   *
   * @param runs a view of a buffer with the frame's payload at its beginning
   * @param length how long the payload is
   * @return its region; its runs, no more than an int can count, may be used
   * @throws StreamException if it is not one that a source may send on this channel
   */
  int check(MemoryRuns runs, int length) throws StreamException {
    if (length < MemoryRuns.HEAD_BYTES) {
      throw wrong("it has %d bytes".formatted(length));
    }
    int count = checkedCount(runs, length);
    int region = checkedRegion(runs);
    check(runs, region, count, length);
    return region;
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
    if (region >= regions.size()) {
      throw wrong("region %d of %d".formatted(region, regions.size()));
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
    RegionRules.Placed whole = regions.get(region);
    boolean fits = offset >= 0 && offset < whole.size() && pages > 0
        && pages <= (whole.size() - offset) >>> RegionRules.PAGE_SHIFT;
    if (!RegionRules.isPageMultiple(offset) || !fits) {
      throw wrong("%d pages at 0x%x of region %s, which has %d".formatted(pages, offset, whole.name(),
          whole.size() >>> RegionRules.PAGE_SHIFT));
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

  private static StreamException wrong(String how) {
    return new StreamException("the stream has a MEMORY frame that is wrong: " + how);
  }
}
