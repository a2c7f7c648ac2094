// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import static io.vfio4j.devices.state.StateFormat.PAGE_SIZE;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Which pages of a device's memory a saving session still has to send: those that its first sweep has not come
 * to, and those that changed behind it.
 */
final class PageTracker implements AutoCloseable {

  /**
   * Pages that were copied out.
   *
   * @param offset where they begin in internal memory, bytes
   * @param length bytes
   */
  record PageRun(long offset, int length) {
  }

  private final MemoryBackend memory;
  private final Optional<ShadowCopy> shadow;
  private final DirtyPages dirty;
  private long swept;

  /**
   * Begins with all pages.
   *
   * @param shadow finds the changes where others write to the memory too; without one they are told to
   *     {@link #markDirty}
   */
  PageTracker(MemoryBackend memory, Optional<ShadowCopy> shadow) {
    this.memory = memory;
    this.shadow = shadow;
    this.dirty = new DirtyPages(memory.pages());
  }

  /** Returns how many pages the first sweep has not come to. */
  long unswept() {
    return memory.pages() - swept;
  }

  /** Returns how many pages are known to have changed behind the sweep. */
  long dirty() {
    return dirty.count();
  }

  boolean isEmpty() {
    return unswept() == 0 && dirty() == 0;
  }

  /** Notes a write of the device itself. */
  void markDirty(long offset, long length) {
    if (shadow.isPresent()) {
      return;
    }
    long last = Math.min(swept - 1, (offset + length - 1) / PAGE_SIZE);
    for (long page = offset / PAGE_SIZE; page <= last; page++) {
      dirty.add(page);
    }
  }

  /** Compares what was sent with what is there now, if there is something to compare with. */
  void scanForChanges() {
    shadow.ifPresent(copy -> copy.findChanges(memory.segment(), swept * PAGE_SIZE, dirty));
  }

  /** Copies out the next run of pages: at least one, at most so many. There must be one. */
  PageRun copyNext(int most, MemorySegment to, long at) {
    long first = unswept() > 0 ? swept : dirty.next();
    int pages;
    if (unswept() > 0) {
      pages = (int) Math.min(most, unswept());
      swept += pages;
    } else {
      // Out of the set before the copy is made: what is written after that is sent again.
      pages = dirty.take(first, most);
    }
    PageRun run = new PageRun(first * PAGE_SIZE, pages * PAGE_SIZE);
    MemorySegment.copy(memory.segment(), run.offset, to, at, run.length);
    if (shadow.isPresent()) { // No lambda: it would be an object for each run.
      shadow.get().update(run, to, at);
    }
    return run;
  }

  @Override
  public void close() {
    shadow.ifPresent(ShadowCopy::close);
  }
}
