// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.stream.StreamException;
import java.util.List;

/** Checks the MEMORY frames of one channel, before anything of them is used. */
public final class MemoryFrameCheck {

  private static final long PAGE = RegionRules.PAGE_SIZE;

  private final List<? extends RegionRules.NamedRange> regions;
  private final ChannelShards shards;
  private final int channel;

  /**
   * Creates a check.
   *
   * @param regions all regions, in the source's order
   * @param channel the channel; only its own shards may arrive on it
   */
  public MemoryFrameCheck(List<? extends RegionRules.NamedRange> regions, ChannelShards shards, int channel) {
    this.regions = regions;
    this.shards = shards;
    this.channel = channel;
  }

  /**
   * Checks a frame.
   *
   * @param runs a view of a buffer with the frame's payload at its beginning
   * @param length of the payload
   * @return its region; the runs are valid then, and their number fits in an int
   * @throws StreamException if a source may not send it on this channel
   */
  public int check(MemoryRuns runs, int length) throws StreamException {
    if (length < MemoryRuns.HEAD_BYTES) {
      throw invalid("it has %d bytes".formatted(length));
    }
    int count = checkedCount(runs, length);
    int region = checkedRegion(runs);
    check(runs, region, count, length);
    return region;
  }

  private static int checkedCount(MemoryRuns runs, int length) throws StreamException {
    long count = runs.count();
    if (count < 1 || count > (length - MemoryRuns.HEAD_BYTES) / MemoryRuns.RUN_BYTES) {
      throw invalid("%d runs in %d bytes".formatted(count, length));
    }
    return (int) count;
  }

  private int checkedRegion(MemoryRuns runs) throws StreamException {
    long region = runs.region();
    if (region >= regions.size()) {
      throw invalid("region %d of %d".formatted(region, regions.size()));
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
    if (allPages > ChannelShards.SHARD_PAGES) {
      throw invalid("%d pages, but %d at most".formatted(allPages, ChannelShards.SHARD_PAGES));
    }
    if (MemoryRuns.dataAt(count) + dataPages * PAGE != length) {
      throw invalid("%d bytes for %d runs with %d pages of data".formatted(length, count, dataPages));
    }
  }

  /** Checks a run, which may not begin before an offset: so a frame writes no page twice. */
  private void checkRun(MemoryRuns runs, int region, int run, long from) throws StreamException {
    long offset = runs.offset(run);
    long pages = runs.pages(run);
    RegionRules.NamedRange whole = regions.get(region);
    boolean fits = offset >= 0 && offset < whole.size() && pages > 0
        && pages <= (whole.size() - offset) >>> RegionRules.PAGE_SHIFT;
    if (!RegionRules.isPageMultiple(offset) || !fits) {
      throw invalid("%d pages at 0x%x of region %s, which has %d".formatted(pages, offset, whole.name(),
          whole.size() >>> RegionRules.PAGE_SHIFT));
    }
    if (offset < from) {
      throw invalid("a run at 0x%x after one that ends at 0x%x".formatted(offset, from));
    }
    if ((runs.flags(run) & ~MemoryRuns.ZERO) != 0) {
      throw invalid("unknown flags 0x%x".formatted(runs.flags(run)));
    }
    checkShard(region, offset >>> RegionRules.PAGE_SHIFT, pages);
  }

  private void checkShard(int region, long page, long pages) throws StreamException {
    if (page / ChannelShards.SHARD_PAGES != (page + pages - 1) / ChannelShards.SHARD_PAGES) {
      throw invalid("%d pages at page %d, which are in two shards".formatted(pages, page));
    }
    if (shards.channelOf(region, page) != channel) {
      throw invalid("page %d on channel %d instead of %d".formatted(page, channel,
          shards.channelOf(region, page)));
    }
  }

  private static StreamException invalid(String how) {
    return new StreamException("the stream has an invalid MEMORY frame: " + how);
  }
}
