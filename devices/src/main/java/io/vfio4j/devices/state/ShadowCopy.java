// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import static io.vfio4j.devices.state.StateFormat.PAGE_SIZE;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MemoryMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A copy of the pages that were sent, to detect changes by clients that map the memory. */
final class ShadowCopy implements AutoCloseable {

  private final Arena arena;
  private final MemorySegment sent;

  private ShadowCopy(Arena arena, MemorySegment sent) {
    this.arena = arena;
    this.sent = sent;
  }

  // Closed by close().
  @SuppressWarnings("MustBeClosedChecker")
  static ShadowCopy create(long size) throws LinuxException {
    Arena arena = Arena.ofShared();
    try {
      return new ShadowCopy(arena, MemoryMap.anonymous(size, arena));
    } catch (Throwable t) {
      arena.close();
      throw t;
    }
  }

  /** Stores the pages as sent; the memory itself may have changed since. */
  void update(PageTracker.PageRun run, MemorySegment from, long at) {
    MemorySegment.copy(from, at, sent, run.offset(), run.length());
  }

  /** Adds the pages that differ from the memory, up to an offset. */
  void findChanges(MemorySegment memory, long end, DirtyPages changed) {
    long at = 0;
    while (at < end) {
      long same = MemorySegment.mismatch(memory, at, end, sent, at, end);
      if (same < 0) {
        return;
      }
      long page = (at + same) / PAGE_SIZE;
      changed.add(page);
      at = (page + 1) * PAGE_SIZE;
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
