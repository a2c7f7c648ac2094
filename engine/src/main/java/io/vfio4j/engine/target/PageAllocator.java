// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.target;

import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.util.Exceptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Allocates the pages of a target's memory ahead of the data, in a thread of its own, so that who loads does not wait for
 * each page to be found and cleared. It follows data that is consecutive: behind two chunks in a row that hold something there
 * are mostly others. Behind a chunk that stands alone nothing is allocated, nor where memory is zero but for the last bit: a
 * sparse file stays sparse.
 *
 * <p>
 * Nothing depends on it: when a store fails to allocate, that is noted, and whoever loads finds out for itself.
 */
public final class PageAllocator implements AutoCloseable {

  /** What is allocated at once. */
  static final long CHUNK = 4 << 20;

  /** So many chunks are allocated ahead of that which the data has come to. */
  static final int AHEAD = 4;

  private final MemoryRegions memory;
  private final PhaseTracker tracker;
  private final List<BitSet> dataChunks = new ArrayList<>(); // Which hold data. Guarded by this; a bit is a chunk.
  private final List<BitSet> requestedChunks = new ArrayList<>(); // Guarded by this; a bit is a chunk.
  private final ExecutorService thread =
      new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
          Thread.ofPlatform().name("vfio4j-allocate").daemon(true).factory(),
          new ThreadPoolExecutor.DiscardPolicy()); // Who loads may be at it still when this is closed.
  private volatile boolean failed;

  public PageAllocator(MemoryRegions memory, PhaseTracker tracker) {
    this.memory = memory;
    this.tracker = tracker;
    memory.list().forEach(_ -> {
      dataChunks.add(new BitSet());
      requestedChunks.add(new BitSet());
    });
  }

  /**
   * Data has been loaded up to a place.
   *
   * @param region which region
   * @param end the offset of its end there, more than 0
   */
  public void onLoaded(int region, long end) {
    if (failed) {
      return;
    }
    int here = (int) ((end - 1) / CHUNK);
    int last = (int) ((memory.get(region).size() - 1) / CHUNK);
    for (int chunk : newChunks(region, here, Math.min(here + AHEAD, last))) {
      thread.execute(() -> allocate(region, chunk));
    }
  }

  /**
   * Notes that a chunk holds data and, if the one before it does too, that those up to the last are dealt with; returns
   * which of them were not before.
   */
  private synchronized int[] newChunks(int region, int here, int last) {
    BitSet known = requestedChunks.get(region);
    known.set(here);
    dataChunks.get(region).set(here);
    if (here == 0 || !dataChunks.get(region).get(here - 1)) {
      return new int[0];
    }
    int[] chunks = IntStream.rangeClosed(here, last).filter(chunk -> !known.get(chunk)).toArray();
    known.set(here, last + 1);
    return chunks;
  }

  private void allocate(int region, int chunk) {
    MemoryRegion where = memory.get(region);
    long from = chunk * CHUNK;
    try {
      if (!failed) {
        where.store().allocate(where.memory().asSlice(from, Math.min(CHUNK, where.size() - from)));
      }
    } catch (IOException | RuntimeException e) {
      failed = true;
      tracker
          .note("pages of %s are not allocated ahead of the data: %s".formatted(where.name(),
              Exceptions.message(e)));
    }
  }

  /** Waits until all has been allocated that was asked for. */
  void finish() {
    thread.shutdown();
    thread.close();
  }

  /** Ends it; nothing touches the memory any more. */
  @Override
  public void close() {
    failed = true;
    thread.shutdownNow();
    thread.close(); // Waits; an interrupt stays.
  }
}
