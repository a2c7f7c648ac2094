// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.stream.MemoryOutput;
import io.vfio4j.engine.stream.RateGate;
import io.vfio4j.engine.util.Interrupts;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Sends the pending pages of one channel's shards, in the channel's thread. It clears a page's bit before it reads the page,
 * so that a later write is sent in the next round.
 */
public final class MemorySender {

  /**
   * The best length of a payload: it stays in the CPU cache while it is copied, checksummed and written to the socket, and
   * there are few system calls.
   */
  public static final int FRAME_BYTES = 256 << 10;

  private final MemoryRegions memory;
  private final PendingPages pending;
  private final ChannelShards shards;
  private final int channel;
  private final Output output;
  private final MemoryFrame frame;
  private final ZeroPages zeros = new ZeroPages();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong pages = new AtomicLong();
  private final AtomicLong zeroPages = new AtomicLong();

  /**
   * Where and how frames are sent.
   *
   * @param frames sends the frames
   * @param frameBytes the maximum payload, at most the buffer of {@code frames}; raised to that of one page
   * @param gate called before each frame
   */
  public record Output(MemoryOutput frames, int frameBytes, RateGate gate) {
  }

  /**
   * Creates a sender.
   *
   * @param channel the number of the channel, from 0
   */
  public MemorySender(MemoryRegions memory, PendingPages pending, ChannelShards shards, int channel,
      Output output) {
    this.memory = memory;
    this.pending = pending;
    this.shards = shards;
    this.channel = channel;
    this.output = output;
    this.frame = new MemoryFrame(output.frames().payload(),
        Math.max(output.frameBytes(), MemoryFrame.MIN_BYTES));
  }

  /** Returns the bytes of payload sent so far; for any thread. */
  public long bytes() {
    return bytes.get();
  }

  /** Returns the pages sent so far, including zero pages; for any thread. */
  public long pages() {
    return pages.get();
  }

  /** Returns the number of {@link #pages} that were zero; for any thread. */
  public long zeroPages() {
    return zeroPages.get();
  }

  /**
   * Sends the pending pages of this channel's shards, each once.
   *
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws IOException if the channel breaks, the gate refuses a frame, or memory cannot be read; the bits of unsent pages
   *     may be cleared then
   */
  public void sendPending() throws IOException {
    for (int region = 0; region < memory.count(); region++) {
      try {
        sendRegion(region);
      } catch (InternalError e) {
        throw MemoryFaults.exception(memory.get(region), e);
      }
    }
  }

  private void sendRegion(int region) throws IOException {
    PageBitmap bits = pending.of(region);
    long last = (bits.pages() - 1) / ChannelShards.SHARD_PAGES;
    long shard = shards.firstShard(region, channel);
    while (shard <= last) {
      sendShard(region, bits, shard);
      shard += shards.channels();
    }
    flush(region);
  }

  private void sendShard(int region, PageBitmap bits, long shard) throws IOException {
    long wordsPerShard = ChannelShards.SHARD_PAGES / PageBitmap.PAGES_PER_WORD;
    long end = Math.min((shard + 1) * wordsPerShard, bits.wordCount());
    for (long index = shard * wordsPerShard; index < end; index++) {
      long word = bits.takeWord(index);
      if (word != 0) {
        addPages(region, index * PageBitmap.PAGES_PER_WORD, word);
      }
    }
  }

  private void addPages(int region, long first, long word) throws IOException {
    MemorySegment from = memory.get(region).memory();
    for (long left = word; left != 0; left &= left - 1) {
      if (!frame.hasRoom()) {
        flush(region);
      }
      long page = first + Long.numberOfTrailingZeros(left);
      frame.add(page, zeros.isZero(from, page << RegionRules.PAGE_SHIFT));
    }
  }

  private void flush(int region) throws IOException {
    if (frame.isEmpty()) {
      return;
    }
    Interrupts.check();
    long all = frame.pages();
    long zero = all - frame.dataPages();
    int length = frame.finish(region, memory.get(region).memory());
    MemoryFaults.deliverPending();
    output.frames().sendMemory(length, output.gate());
    bytes.lazySet(bytes.get() + length);
    pages.lazySet(pages.get() + all);
    zeroPages.lazySet(zeroPages.get() + zero);
  }
}
