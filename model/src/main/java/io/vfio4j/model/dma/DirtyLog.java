// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.dma;

import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The dirty log of an emulated device: the 4 KiB pages that it has written by DMA since they were last
 * reported.
 *
 * <p>
 * {@link #mark} may be called by several threads at once, and while another thread reads the log. It takes no
 * lock, and allocates only at the first write to a chunk of 256 MiB. Memory is allocated for pages written,
 * not for the ranges logged, since those are chosen by the client. All other methods are called by the
 * device's thread.
 */
public final class DirtyLog {

  /** The page size of the log, in bytes. */
  public static final long PAGE_SIZE = 4096;

  /**
   * The largest number of ranges: those that fit in a page. More are refused with E2BIG, as by the kernel.
   */
  public static final int MAX_RANGES = 256;

  static final int PAGE_SHIFT = 12;

  private static final int SLOT_SHIFT = 14;
  private static final int SLOTS = 1 << SLOT_SHIFT;
  /** A report of more chunks scans all slots, which costs no more than that many lookups in a full table. */
  private static final int MAX_LOOKUPS = 256;

  /** The log between a start and a stop. The chunks are in an open-addressed hash table that only grows. */
  private static final class Log {
    private final IovaRange[] ranges;
    private final AtomicReferenceArray<@Nullable DirtyChunk> chunks = new AtomicReferenceArray<>(SLOTS);
    private volatile boolean overflowed;

    Log(IovaRange[] ranges) {
      this.ranges = ranges;
    }

    @Nullable
    DirtyChunk find(long number) {
      for (int probe = 0, slot = slot(number); probe < SLOTS; probe++, slot = slot + 1 & SLOTS - 1) {
        DirtyChunk chunk = chunks.get(slot);
        if (chunk == null || chunk.number() == number) {
          return chunk;
        }
      }
      return null;
    }

    @Nullable
    DirtyChunk findOrAdd(long number) {
      DirtyChunk added = null;
      for (int probe = 0, slot = slot(number); probe < SLOTS; probe++, slot = slot + 1 & SLOTS - 1) {
        DirtyChunk chunk = chunks.get(slot);
        if (chunk == null) {
          added = added != null ? added : new DirtyChunk(number);
          chunk = chunks.compareAndExchange(slot, null, added);
          if (chunk == null) {
            return added;
          }
        }
        if (chunk.number() == number) {
          return chunk;
        }
      }
      return null;
    }

    private static int slot(long number) {
      long mixed = number * 0x9E3779B97F4A7C15L;
      return (int) (mixed >>> (Long.SIZE - SLOT_SHIFT));
    }
  }

  private volatile @Nullable Log log;

  /** Makes a log that is stopped. */
  public DirtyLog() {
  }

  /** Returns whether logging is on. */
  public boolean isStarted() {
    return log != null;
  }

  /**
   * Starts logging.
   *
   * @param ranges the ranges to log, as pairs of IOVA and length, any values
   * @param pageSize the page size requested, in bytes; the ranges must be aligned to it
   * @return the page size in which the device logs, always {@link #PAGE_SIZE}
   * @throws ErrnoException as {@link DmaLog#start}
   */
  public long start(List<long[]> ranges, long pageSize) throws ErrnoException {
    if (log != null) {
      throw new ErrnoException(Errno.EINVAL, "DMA logging is already on");
    }
    if (ranges.isEmpty() || Long.bitCount(pageSize) != 1) {
      throw new ErrnoException(Errno.EINVAL,
          "DMA logging needs a range and a page size that is a power of two");
    }
    if (ranges.size() > MAX_RANGES) {
      throw new ErrnoException(Errno.E2BIG, ranges.size() + " ranges to log, but " + MAX_RANGES + " at most");
    }
    IovaRange[] sorted = new IovaRange[ranges.size()];
    for (int i = 0; i < sorted.length; i++) {
      sorted[i] = requireValid(ranges.get(i)[0], ranges.get(i)[1], pageSize);
    }
    Arrays.sort(sorted);
    for (int i = 1; i < sorted.length; i++) {
      if (sorted[i].overlaps(sorted[i - 1])) {
        throw new ErrnoException(Errno.EINVAL, sorted[i] + " overlaps " + sorted[i - 1]);
      }
    }
    log = new Log(sorted);
    return PAGE_SIZE;
  }

  /**
   * Starts logging all memory, from the first address to the last.
   *
   * @param pageSize the page size requested, in bytes
   * @return the page size in which the device logs, always {@link #PAGE_SIZE}
   * @throws ErrnoException EINVAL if logging is already on, or if the page size is not a power of two
   */
  public long startAll(long pageSize) throws ErrnoException {
    // Two halves, since the length of the whole does not fit in 64 bits.
    long half = Long.MIN_VALUE;
    return start(List.of(new long[] {0, half}, new long[] {half, half}), pageSize);
  }

  private static IovaRange requireValid(long iova, long length, long pageSize) throws ErrnoException {
    if (length == 0 || ((iova | length) & pageSize - 1) != 0) {
      throw new ErrnoException(Errno.EINVAL,
          "0x%x+0x%x is empty or not aligned to 0x%x".formatted(iova, length, pageSize));
    }
    if (!IovaRange.isValid(iova, length)) {
      throw new ErrnoException(Errno.EOVERFLOW, "0x%x+0x%x wraps around".formatted(iova, length));
    }
    return new IovaRange(iova, length);
  }

  /**
   * Stops logging.
   *
   * @throws ErrnoException EINVAL if logging is off
   */
  public void stop() throws ErrnoException {
    if (log == null) {
      throw new ErrnoException(Errno.EINVAL, "DMA logging is off");
    }
    log = null;
  }

  /** Stops logging if it is on, as a reset does. */
  public void clear() {
    log = null;
  }

  /**
   * Marks memory as dirty, after the device has written it.
   *
   * @param iova the first address
   * @param length length in bytes; a range that is empty or wraps around is ignored
   */
  public void mark(long iova, long length) {
    Log current = log;
    if (current == null || current.overflowed || !IovaRange.isValid(iova, length)) {
      return;
    }
    // The data must be visible before a bit is read: a bit that is still set may be cleared, and the data
    // fetched, at any moment. See report.
    VarHandle.fullFence();
    long last = iova + (length - 1);
    for (IovaRange range : current.ranges) {
      if (Long.compareUnsigned(range.iova(), last) > 0) {
        return;
      }
      if (Long.compareUnsigned(range.last(), iova) >= 0) {
        markPages(current, unsignedMax(iova, range.iova()) >>> PAGE_SHIFT,
            unsignedMin(last, range.last()) >>> PAGE_SHIFT);
      }
    }
  }

  private static void markPages(Log log, long first, long last) {
    for (long page = first; page <= last;) {
      long number = page >>> DirtyChunk.PAGE_SHIFT;
      DirtyChunk chunk = log.findOrAdd(number);
      if (chunk == null) {
        log.overflowed = true;
        return;
      }
      long lastHere = Math.min(last, ((number + 1) << DirtyChunk.PAGE_SHIFT) - 1);
      chunk.mark((int) (page & DirtyChunk.PAGES - 1), (int) (lastHere & DirtyChunk.PAGES - 1));
      page = lastHere + 1;
    }
  }

  /**
   * Reads the log of a range and clears it, each word atomically. A page that lies only partly in the range
   * is reported and remains dirty.
   *
   * @param iova the first address; bit 0 of the bitmap is the page that begins there
   * @param length length in bytes
   * @param pageSize bytes per bit of the bitmap
   * @param bitmap the bitmap in which bits are set, least significant first, and none cleared
   * @throws ErrnoException EINVAL for an invalid page size, an empty range, a bitmap that is too short, or if
   *     logging is off; EOVERFLOW for a range that wraps around; ENOSPC if more was written than the log
   *     holds, so that all memory is dirty
   */
  public void report(long iova, long length, long pageSize, MemorySegment bitmap) throws ErrnoException {
    Log current = log;
    if (current == null) {
      throw new ErrnoException(Errno.EINVAL, "DMA logging is off");
    }
    if (Long.bitCount(pageSize) != 1 || Long.compareUnsigned(pageSize, PAGE_SIZE) < 0) {
      throw new ErrnoException(Errno.EINVAL, "cannot report in pages of " + Long.toUnsignedString(pageSize));
    }
    if (length == 0) {
      throw new ErrnoException(Errno.EINVAL, "cannot report an empty range");
    }
    if (!IovaRange.isValid(iova, length)) {
      throw new ErrnoException(Errno.EOVERFLOW, "0x%x+0x%x wraps around".formatted(iova, length));
    }
    IovaRange range = new IovaRange(iova, length);
    if (bitmap.byteSize() < DmaLog.bitmapBytes(range, pageSize)) {
      throw new ErrnoException(Errno.EINVAL, "the bitmap is too short");
    }
    if (current.overflowed) {
      throw new ErrnoException(Errno.ENOSPC, "more memory was written than the DMA log holds");
    }
    reportChunks(current, range, new DirtyReport(range, pageSize, bitmap));
    // See mark: the bits must be clear before the data is fetched.
    VarHandle.fullFence();
  }

  private static void reportChunks(Log log, IovaRange range, DirtyReport report) {
    long firstChunk = range.iova() >>> (PAGE_SHIFT + DirtyChunk.PAGE_SHIFT);
    long lastChunk = range.last() >>> (PAGE_SHIFT + DirtyChunk.PAGE_SHIFT);
    if (lastChunk - firstChunk < MAX_LOOKUPS) {
      for (long number = firstChunk; number <= lastChunk; number++) {
        reportChunk(log.find(number), range, report);
      }
    } else {
      // The client chooses the range, but not the number of slots.
      for (int slot = 0; slot < SLOTS; slot++) {
        reportChunk(log.chunks.get(slot), range, report);
      }
    }
  }

  private static void reportChunk(@Nullable DirtyChunk chunk, IovaRange range, DirtyReport report) {
    if (chunk == null) {
      return;
    }
    long base = chunk.number() << DirtyChunk.PAGE_SHIFT;
    long firstOfRange = range.iova() >>> PAGE_SHIFT;
    long lastOfRange = range.last() >>> PAGE_SHIFT;
    long first = Math.max(firstOfRange, base);
    long last = Math.min(lastOfRange, base + DirtyChunk.PAGES - 1);
    if (first <= last) {
      boolean beginsInPage = (range.iova() & (PAGE_SIZE - 1)) != 0;
      boolean endsInPage = ((range.last() + 1) & (PAGE_SIZE - 1)) != 0;
      chunk.report((int) (first - base), (int) (last - base), beginsInPage && first == firstOfRange,
          endsInPage && last == lastOfRange, report);
    }
  }

  private static long unsignedMax(long a, long b) {
    return Long.compareUnsigned(a, b) > 0 ? a : b;
  }

  private static long unsignedMin(long a, long b) {
    return Long.compareUnsigned(a, b) < 0 ? a : b;
  }
}
