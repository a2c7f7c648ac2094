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
 * Allocates the pages of a target's memory ahead of the data, in its own thread, so that loading does not
 * wait for each page to be found and cleared. It follows consecutive data: two chunks in a row that contain
 * data are usually followed by more. Nothing is allocated after an isolated chunk, or for zero memory, so a
 * sparse file stays sparse.
 *
 * <p>
 * It is an optimization only: if a store cannot allocate, that is noted, and loading encounters the error
 * itself.
 */
public final class PageAllocator implements AutoCloseable {

  /** The unit of allocation. */
  static final long CHUNK = 4 << 20;

  /** How many chunks are allocated ahead of the data. */
  static final int AHEAD = 4;

  private final MemoryRegions memory;
  private final PhaseTracker tracker;
  private final List<BitSet> dataChunks = new ArrayList<>(); // Chunks that contain data, a bit each. Guarded by this.
  private final List<BitSet> requestedChunks = new ArrayList<>(); // Chunks already requested, a bit each. Guarded by this.
  private final ExecutorService thread =
      new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
          Thread.ofPlatform().name("vfio4j-allocate").daemon(true).factory(),
          new ThreadPoolExecutor.DiscardPolicy()); // A loader may still call onLoaded after close.
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
   * Called when data has been loaded.
   *
   * @param region the region
   * @param end the offset of the data's end, more than 0
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
   * Marks a chunk as containing data and, if the previous one does too, the following ones as requested;
   * returns those not requested before.
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

  /** Waits until everything requested is allocated. */
  void finish() {
    thread.shutdown();
    thread.close();
  }

  /** Ends the thread; it no longer accesses the memory. */
  @Override
  public void close() {
    failed = true;
    thread.shutdownNow();
    thread.close(); // Waits; an interrupt stays pending.
  }
}
