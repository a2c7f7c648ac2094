// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.memory.BackingStore;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.util.NanoClock;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Pages are allocated ahead of the data. */
class PageAllocatorTest {

  private static final long SIZE = 20 * PageAllocator.CHUNK + 4096;

  private final Arena arena = Arena.ofAuto();
  private final MemorySegment memory = arena.allocate(SIZE, 4096);
  private final List<Long> allocated = new CopyOnWriteArrayList<>();
  private final PhaseTracker tracker =
      new PhaseTracker(Side.TARGET, NanoClock.SYSTEM, MigrationListener.NONE);

  /** A store that records the requested offsets, and fails from one of them on. */
  private final class Store implements BackingStore {
    private final long failsFrom;

    Store(long failsFrom) {
      this.failsFrom = failsFrom;
    }

    @Override
    public Optional<Space> space() {
      return Optional.empty();
    }

    @Override
    public void allocate(MemorySegment pages) throws IOException {
      long offset = pages.address() - memory.address();
      if (offset >= failsFrom) {
        throw new IOException("no room");
      }
      allocated.add(offset);
      assertThat(pages.byteSize()).isEqualTo(Math.min(PageAllocator.CHUNK, SIZE - offset));
    }
  }

  private PageAllocator allocator(long failsFrom) {
    return new PageAllocator(
        MemoryRegions.of(new MemoryRegion("ram", 0, memory, new Store(failsFrom))), tracker);
  }

  private static Long[] chunks(long first, long last) {
    return LongStream.rangeClosed(first, last).mapToObj(chunk -> chunk * PageAllocator.CHUNK)
        .toArray(Long[]::new);
  }

  @Test
  void allocatesChunksAheadOnce() throws Exception {
    try (PageAllocator allocator = allocator(Long.MAX_VALUE)) {
      allocator.onLoaded(0, 4096);
      allocator.onLoaded(0, 8192);
      allocator.onLoaded(0, PageAllocator.CHUNK + 4096);
      allocator.onLoaded(0, 4096);
      allocator.finish();
    }
    assertThat(allocated).containsExactly(chunks(2, PageAllocator.AHEAD + 1));
  }

  @Test
  void skipsSparseData() throws Exception {
    try (PageAllocator allocator = allocator(Long.MAX_VALUE)) {
      for (long chunk = 0; chunk <= 20; chunk += 5) {
        allocator.onLoaded(0, chunk * PageAllocator.CHUNK + 4096);
      }
      allocator.finish();
    }
    assertThat(allocated).isEmpty();
  }

  @Test
  void ignoresPreallocatedChunksAsData() throws Exception {
    try (PageAllocator allocator = allocator(Long.MAX_VALUE)) {
      allocator.onLoaded(0, PageAllocator.CHUNK);
      allocator.onLoaded(0, 2 * PageAllocator.CHUNK);
      allocator.onLoaded(0, 6 * PageAllocator.CHUNK); // The last chunk that was allocated ahead; the one before contains nothing.
      allocator.finish();
    }
    assertThat(allocated).containsExactly(chunks(2, PageAllocator.AHEAD + 1));
  }

  @Test
  void stopsAtEndOfRegion() throws Exception {
    try (PageAllocator allocator = allocator(Long.MAX_VALUE)) {
      allocator.onLoaded(0, 18 * PageAllocator.CHUNK);
      allocator.onLoaded(0, 19 * PageAllocator.CHUNK);
      allocator.onLoaded(0, SIZE);
      allocator.finish();
    }
    assertThat(allocated).containsExactly(chunks(19, 20));
  }

  @Test
  void disablesAllocationAfterFailure() throws Exception {
    try (PageAllocator allocator = allocator(3 * PageAllocator.CHUNK)) {
      allocator.onLoaded(0, PageAllocator.CHUNK);
      allocator.onLoaded(0, 2 * PageAllocator.CHUNK);
      allocator.onLoaded(0, 9 * PageAllocator.CHUNK);
      allocator.onLoaded(0, 10 * PageAllocator.CHUNK);
      allocator.finish();
    }
    assertThat(allocated).containsExactly(chunks(2, 2));
    assertThat(tracker.notes()).containsExactly("pages of ram are not allocated ahead of the data: no room");
  }
}
