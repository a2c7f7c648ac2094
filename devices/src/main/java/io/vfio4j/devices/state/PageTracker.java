// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import static io.vfio4j.devices.state.StateFormat.PAGE_SIZE;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The pages of a device memory that a saving session still has to send: those that its first sweep has not reached, and
 * those that changed behind the sweep.
 */
final class PageTracker implements AutoCloseable {

  /**
   * A run of pages that was copied.
   *
   * @param offset offset in the memory in bytes
   * @param length length in bytes
   */
  record PageRun(long offset, int length) {
  }

  private final MemoryBackend memory;
  private final Optional<ShadowCopy> shadow;
  private final DirtyPages dirty;
  private long swept;

  /**
   * Creates a tracker of all pages.
   *
   * @param shadow detects changes of memory that clients map; other changes are reported to {@link #markDirty}
   */
  PageTracker(MemoryBackend memory, Optional<ShadowCopy> shadow) {
    this.memory = memory;
    this.shadow = shadow;
    this.dirty = new DirtyPages(memory.pages());
  }

  /** Returns the number of pages that the first sweep has not reached. */
  long unswept() {
    return memory.pages() - swept;
  }

  /** Returns the number of pages known to have changed behind the sweep. */
  long dirty() {
    return dirty.count();
  }

  boolean isEmpty() {
    return unswept() == 0 && dirty() == 0;
  }

  /** Records a write by the device. */
  void markDirty(long offset, long length) {
    if (shadow.isPresent()) {
      return;
    }
    long last = Math.min(swept - 1, (offset + length - 1) / PAGE_SIZE);
    for (long page = offset / PAGE_SIZE; page <= last; page++) {
      dirty.add(page);
    }
  }

  /** Compares the memory with the shadow copy, if there is one. */
  void scanForChanges() {
    shadow.ifPresent(copy -> copy.findChanges(memory.segment(), swept * PAGE_SIZE, dirty));
  }

  /** Copies the next run of at least one and at most {@code most} pages. There must be a page left to send. */
  PageRun copyNext(int most, MemorySegment to, long at) {
    long first = unswept() > 0 ? swept : dirty.next();
    int pages;
    if (unswept() > 0) {
      pages = (int) Math.min(most, unswept());
      swept += pages;
    } else {
      // Removed before the copy, so that a concurrent write marks the page again.
      pages = dirty.take(first, most);
    }
    PageRun run = new PageRun(first * PAGE_SIZE, pages * PAGE_SIZE);
    MemorySegment.copy(memory.segment(), run.offset, to, at, run.length);
    if (shadow.isPresent()) { // A lambda would allocate on each run.
      shadow.get().update(run, to, at);
    }
    return run;
  }

  @Override
  public void close() {
    shadow.ifPresent(ShadowCopy::close);
  }
}
