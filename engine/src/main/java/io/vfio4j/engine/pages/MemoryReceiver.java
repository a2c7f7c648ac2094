// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.stream.StreamException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Puts the pages of MEMORY frames of one channel in their place, in the channel's thread. Nothing of a frame is written
 * before all of its runs have been checked.
 */
public final class MemoryReceiver {

  private static final long PAGE = RegionRules.PAGE_SIZE;

  private final MemoryRegions memory;
  private final MemoryFrameCheck check;
  private final ZeroPages zeros = new ZeroPages();
  private final AtomicLong bytes = new AtomicLong();
  private final LoadListener loaded;

  /**
   * Makes a receiver.
   *
   * @param memory the target's regions, in the source's order
   * @param channel which of the channels this is; it may write to its own stretches only
   */
  MemoryReceiver(MemoryRegions memory, ChannelShards shards, int channel) {
    this(memory, shards, channel, (_, _) -> {
    });
  }

  /**
   * Makes a receiver.
   *
   * @param loaded hears how far data has come
   */
  public MemoryReceiver(MemoryRegions memory, ChannelShards shards, int channel, LoadListener loaded) {
    this.memory = memory;
    this.check = new MemoryFrameCheck(memory.list(), shards, channel);
    this.loaded = loaded;
  }

  /** Hears of each frame with data up to which offset of a region that was. */
  @FunctionalInterface
  public interface LoadListener {
    void onLoaded(int region, long end);
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
  public void apply(MemorySegment payload, int length) throws IOException {
    MemoryRuns runs = new MemoryRuns(payload);
    int region = check.check(runs, length);
    try {
      long end = write(runs, memory.get(region).memory(), (int) runs.count());
      MemoryFaults.deliverPending();
      if (end > 0) {
        loaded.onLoaded(region, end);
      }
    } catch (InternalError e) {
      throw MemoryFaults.exception(memory.get(region), e);
    }
    bytes.lazySet(bytes.get() + length);
  }

  /** Returns where the last data ends; 0 if all is zero. */
  private long write(MemoryRuns runs, MemorySegment into, int count) {
    long end = 0;
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
        end = offset + size;
      }
    }
    return end;
  }
}
