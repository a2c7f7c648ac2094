// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static io.vfio4j.devices.StreamFormat.PAGE_SIZE;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Which pages of a device's memory a saving session still has to send: those that its first sweep has not come
 * to, and those that changed behind it.
 */
final class PagesToSend implements AutoCloseable {

  /**
   * Pages that were copied out.
   *
   * @param offset where they begin in internal memory, bytes
   * @param length bytes
   */
  record Run(long offset, int length) {
  }

  private final MemoryBackend memory;
  private final Optional<Shadow> shadow;
  private final DirtyPages changed;
  private long swept;

  /**
   * Begins with all pages.
   *
   * @param shadow finds the changes where others write to the memory too; without one they are told to
   *     {@link #touched}
   */
  PagesToSend(MemoryBackend memory, Optional<Shadow> shadow) {
    this.memory = memory;
    this.shadow = shadow;
    this.changed = new DirtyPages(memory.pages());
  }

  /** Returns how many pages the first sweep has not come to. */
  long initial() {
    return memory.pages() - swept;
  }

  /** Returns how many pages are known to have changed behind the sweep. */
  long changed() {
    return changed.count();
  }

  boolean isEmpty() {
    return initial() == 0 && changed() == 0;
  }

  /** Notes a write of the device itself. */
  void touched(long offset, long length) {
    if (shadow.isPresent()) {
      return;
    }
    long last = Math.min(swept - 1, (offset + length - 1) / PAGE_SIZE);
    for (long page = offset / PAGE_SIZE; page <= last; page++) {
      changed.add(page);
    }
  }

  /** Compares what was sent with what is there now, if there is something to compare with. */
  void lookForChanges() {
    shadow.ifPresent(copy -> copy.findChanges(memory.all(), swept * PAGE_SIZE, changed));
  }

  /** Copies out the next run of pages: at least one, at most so many. There must be one. */
  Run copyNext(int most, MemorySegment to, long at) {
    long first = initial() > 0 ? swept : changed.next();
    int pages;
    if (initial() > 0) {
      pages = (int) Math.min(most, initial());
      swept += pages;
    } else {
      // Out of the set before the copy is made: what is written after that is sent again.
      pages = changed.take(first, most);
    }
    Run run = new Run(first * PAGE_SIZE, pages * PAGE_SIZE);
    MemorySegment.copy(memory.all(), run.offset, to, at, run.length);
    if (shadow.isPresent()) { // No lambda: it would be an object for each run.
      shadow.get().remember(run, to, at);
    }
    return run;
  }

  @Override
  public void close() {
    shadow.ifPresent(Shadow::close);
  }
}
