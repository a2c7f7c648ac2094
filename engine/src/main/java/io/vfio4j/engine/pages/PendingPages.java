// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import io.vfio4j.engine.memory.MemoryRegions;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * The pages that have yet to be sent: at first all of them. The coordinator marks pages while no channel sends; then each
 * channel takes those of its own shards.
 */
public final class PendingPages implements AutoCloseable {

  private final Arena arena = Arena.ofShared(); // Channel threads access the bitmaps.
  private final List<PageBitmap> regions;

  /** Marks all pages of the memory. */
  public PendingPages(MemoryRegions memory) {
    this.regions = memory.list().stream().map(region -> new PageBitmap(arena, region.pages())).toList();
    markAll();
  }

  PageBitmap of(int region) {
    return regions.get(region);
  }

  void markAll() {
    for (PageBitmap region : regions) {
      region.setAll();
    }
  }

  /** Moves the pages that a log has collected to this. */
  void merge(List<PageBitmap> collected) {
    for (int i = 0; i < regions.size(); i++) {
      regions.get(i).merge(collected.get(i));
    }
  }

  /** Returns the number of pending pages. */
  long count() {
    long count = 0;
    for (PageBitmap region : regions) {
      count += region.count();
    }
    return count;
  }

  @Override
  public void close() {
    arena.close();
  }
}
