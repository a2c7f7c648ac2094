// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * One dirty log, and the pages that it has reported. {@link #start}, {@link #collect} and {@link #stop} are for the thread
 * that drives the log's device; the rest is for the coordinator, while that thread is not in one of them.
 *
 * <pre>
 * NEW > LOGGING       start succeeded
 * LOGGING > STOPPED   stop
 * NEW, LOGGING > FAILED   start or a report failed; final
 * </pre>
 *
 * <p>
 * In NEW and FAILED the pages that were written are unknown, so all memory counts as dirty.
 */
public final class TrackedLog {

  private enum State {
    NEW, LOGGING, FAILED, STOPPED
  }

  private final String owner;
  private final DmaLog log;
  private final List<IovaRange> ranges;
  private final List<PageBitmap> collected;
  private final Arena arena;
  private final List<String> notes = new ArrayList<>();
  private State state = State.NEW;
  private boolean needsStop;
  private long reportPage = RegionRules.PAGE_SIZE;
  private MemorySegment coarse = MemorySegment.NULL;

  /**
   * Wraps a log that has not been started.
   *
   * @param owner the owner, for messages: {@code device nic0}
   * @param arena the caller's arena, for the bitmaps
   */
  TrackedLog(String owner, DmaLog log, MemoryRegions memory, Arena arena) {
    this.owner = owner;
    this.log = log;
    this.ranges = memory.ranges();
    this.collected = memory.list().stream().map(region -> new PageBitmap(arena, region.pages())).toList();
    this.arena = arena;
  }

  /** Starts logging; a failure is only noted. */
  public void start() {
    if (state != State.NEW) {
      throw new IllegalStateException("the log of " + owner + " was started before");
    }
    state = State.FAILED;
    try {
      long pageSize = log.start(ranges, RegionRules.PAGE_SIZE);
      needsStop = true;
      if (Long.bitCount(pageSize) != 1) {
        throw new DeviceException(owner, "log in pages of %d bytes".formatted(pageSize), Errno.EPROTO);
      }
      reportPage = reportPage(pageSize);
      if (reportPage != RegionRules.PAGE_SIZE) {
        long longest =
            ranges.stream().mapToLong(range -> DmaLog.bitmapBytes(range, reportPage)).max().orElse(0);
        coarse = arena.allocate(Math.min(longest, maxBitmapSize()), Long.BYTES);
      }
      state = State.LOGGING;
    } catch (DeviceException e) {
      fail("does not start", e);
    }
  }

  /** Returns the log's page size if it is larger and the regions are aligned to it; otherwise the smallest. */
  private long reportPage(long pageSize) {
    boolean fits = pageSize > RegionRules.PAGE_SIZE
        && ranges.stream().allMatch(range -> ((range.iova() | range.length()) & (pageSize - 1)) == 0);
    return fits ? pageSize : RegionRules.PAGE_SIZE;
  }

  /** Reads the log and clears it; does nothing if it has failed or stopped. */
  public void collect() {
    if (state != State.LOGGING) {
      return;
    }
    state = State.FAILED; // Until it has succeeded, whatever is thrown.
    try {
      for (int i = 0; i < ranges.size(); i++) {
        collect(ranges.get(i), collected.get(i));
      }
      state = State.LOGGING;
    } catch (DeviceException e) {
      fail("fails", e);
    }
  }

  private void collect(IovaRange range, PageBitmap into) throws DeviceException {
    long most = maxReportLength(range);
    for (long at = 0; at < range.length();) {
      long length = Math.min(most, range.length() - at);
      IovaRange piece = new IovaRange(range.iova() + at, length);
      long firstPage = at >>> RegionRules.PAGE_SHIFT;
      if (reportPage == RegionRules.PAGE_SIZE) {
        log.report(piece, reportPage,
            into.words().asSlice(firstPage / Byte.SIZE, DmaLog.bitmapBytes(piece, reportPage)));
      } else {
        collectCoarse(piece, firstPage, into);
      }
      at += length;
    }
  }

  /**
   * Returns the bytes of a range to report at once: the whole range, because some logs report whole mappings only, unless
   * the bitmap would exceed the maximum of the log.
   */
  private long maxReportLength(IovaRange range) {
    long most = maxBitmapSize();
    return DmaLog.bitmapBytes(range, reportPage) <= most ? range.length() : most * Byte.SIZE * reportPage;
  }

  /** Whole words, so that each part begins at a word of the whole bitmap. */
  private long maxBitmapSize() {
    return Math.max(Long.BYTES, log.maxBitmapSize() & -Long.BYTES);
  }

  private void collectCoarse(IovaRange piece, long firstPage, PageBitmap into) throws DeviceException {
    MemorySegment bits = coarse.asSlice(0, DmaLog.bitmapBytes(piece, reportPage)).fill((byte) 0);
    log.report(piece, reportPage, bits);
    long pages = reportPage >>> RegionRules.PAGE_SHIFT;
    for (long i = 0; i < bits.byteSize(); i++) {
      int dirty = Byte.toUnsignedInt(bits.get(ValueLayout.JAVA_BYTE, i));
      for (; dirty != 0; dirty &= dirty - 1) {
        long page = firstPage + (i * Byte.SIZE + Integer.numberOfTrailingZeros(dirty)) * pages;
        into.set(page, page + pages);
      }
    }
  }

  /** Stops logging if it was started, also after a failure; idempotent. */
  public void stop() {
    if (state == State.LOGGING) {
      state = State.STOPPED;
    }
    if (!needsStop) {
      return;
    }
    needsStop = false;
    try {
      log.stop();
    } catch (DeviceException e) {
      notes.add("the log of %s does not stop: %s".formatted(owner, Exceptions.message(e)));
    }
  }

  private void fail(String how, DeviceException e) {
    state = State.FAILED;
    notes.add(
        "the log of %s %s: %s; all memory counts as dirty in each round".formatted(owner, how,
            Exceptions.message(e)));
  }

  /** Returns whether the written pages are unknown. */
  boolean isUnknown() {
    return state == State.NEW || state == State.FAILED;
  }

  /** Moves the collected pages, or marks all pages. */
  void mergeInto(PendingPages pending) {
    if (isUnknown()) {
      pending.markAll();
    } else {
      pending.merge(collected);
    }
  }

  /** Returns the notes since the last call. */
  List<String> drainNotes() {
    List<String> taken = List.copyOf(notes);
    notes.clear();
    return taken;
  }
}
