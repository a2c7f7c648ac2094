// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.stream.StreamException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Writes the pages of the MEMORY frames of one channel to memory, in the channel's thread. All runs of a frame are checked
 * before anything of it is written.
 */
public final class MemoryReceiver {

  private static final long PAGE = RegionRules.PAGE_SIZE;

  private final MemoryRegions memory;
  private final MemoryFrameCheck check;
  private final ZeroPages zeros = new ZeroPages();
  private final AtomicLong bytes = new AtomicLong();
  private final LoadListener loaded;

  /**
   * Creates a receiver.
   *
   * @param memory the target's regions, in the source's order
   * @param channel the channel; it may write to its own shards only
   */
  MemoryReceiver(MemoryRegions memory, ChannelShards shards, int channel) {
    this(memory, shards, channel, (_, _) -> {
    });
  }

  /**
   * Creates a receiver.
   *
   * @param loaded is notified of the progress
   */
  public MemoryReceiver(MemoryRegions memory, ChannelShards shards, int channel, LoadListener loaded) {
    this.memory = memory;
    this.check = new MemoryFrameCheck(memory.list(), shards, channel);
    this.loaded = loaded;
  }

  /** Is notified, for each frame with data, of the end of the data in its region. */
  @FunctionalInterface
  public interface LoadListener {
    void onLoaded(int region, long end);
  }

  /** Returns the bytes of payload received so far; for any thread. */
  long bytes() {
    return bytes.get();
  }

  /**
   * Applies a frame.
   *
   * @param payload a buffer with the frame's payload at its beginning
   * @param length of the payload, at most the size of the buffer
   * @throws StreamException if a source may not send it on this channel; nothing was written then
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

  /** Returns the end of the last data; 0 if all pages are zero. */
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
