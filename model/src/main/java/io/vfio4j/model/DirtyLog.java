// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The dirty log of an emulated device: which 4 KiB pages it has written by DMA since they were last reported.
 *
 * <p>
 * {@link #mark} may be called by several threads at once and while another reads the log: it takes no lock,
 * and allocates only when a stretch of 256 MiB is written to for the first time. Memory is taken for what was
 * written, not for what the ranges cover, since those come from outside.
 */
public final class DirtyLog {

  /** Bytes of memory per bit of the log. */
  public static final long PAGE_SIZE = 4096;

  /** More ranges than this do not fit in a page, and are refused with E2BIG as the kernel does. */
  public static final int MAX_RANGES = 256;

  private static final ValueLayout.OfLong LE_LONG = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int PAGE_SHIFT = 12;
  private static final int CHUNK_PAGE_SHIFT = 16;
  private static final long CHUNK_PAGES = 1L << CHUNK_PAGE_SHIFT;
  private static final int WORDS = (int) (CHUNK_PAGES / Long.SIZE);
  private static final int SLOT_SHIFT = 14;
  private static final int SLOTS = 1 << SLOT_SHIFT;
  /** A report of more chunks goes over all slots, as each lookup in a full table can. */
  private static final int MOST_LOOKUPS = 256;

  /** Which pages of one stretch of addresses are dirty. */
  private record Chunk(long number, AtomicLongArray words) {
  }

  /** What is there from a start to a stop. The chunks are an open-addressed hash table that only grows. */
  private static final class Log {
    private final IovaRange[] ranges;
    private final AtomicReferenceArray<@Nullable Chunk> chunks = new AtomicReferenceArray<>(SLOTS);
    private volatile boolean overflowed;

    Log(IovaRange[] ranges) {
      this.ranges = ranges;
    }

    @Nullable
    Chunk find(long number) {
      for (int probe = 0, slot = slot(number); probe < SLOTS; probe++, slot = slot + 1 & SLOTS - 1) {
        Chunk chunk = chunks.get(slot);
        if (chunk == null || chunk.number == number) {
          return chunk;
        }
      }
      return null;
    }

    @Nullable
    Chunk findOrAdd(long number) {
      Chunk added = null;
      for (int probe = 0, slot = slot(number); probe < SLOTS; probe++, slot = slot + 1 & SLOTS - 1) {
        Chunk chunk = chunks.get(slot);
        if (chunk == null) {
          added = added != null ? added : new Chunk(number, new AtomicLongArray(WORDS));
          chunk = chunks.compareAndExchange(slot, null, added);
          if (chunk == null) {
            return added;
          }
        }
        if (chunk.number == number) {
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

  /** Makes a log that is off. */
  public DirtyLog() {
  }

  /** Tells whether logging is on. */
  public boolean isStarted() {
    return log != null;
  }

  /**
   * Starts logging.
   *
   * @param ranges what to log, as {iova, length} pairs that came from outside
   * @param pageSize the page size asked for: the ranges are aligned to it
   * @return the page size in which is logged, always {@link #PAGE_SIZE}
   * @throws ErrnoException as {@link DmaLog#start} says
   */
  public long start(List<long[]> ranges, long pageSize) throws ErrnoException {
    if (log != null) {
      throw new ErrnoException(Errno.EINVAL, "DMA logging is on already");
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
      sorted[i] = checked(ranges.get(i)[0], ranges.get(i)[1], pageSize);
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

  private static IovaRange checked(long iova, long length, long pageSize) throws ErrnoException {
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
   * @throws ErrnoException EINVAL if it was not started
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
   * Notes that the device has written memory. The data must have been written before.
   *
   * @param iova the first address
   * @param length bytes; nothing happens if the range is empty or wraps around
   */
  public void mark(long iova, long length) {
    Log current = log;
    if (current == null || current.overflowed || !IovaRange.isValid(iova, length)) {
      return;
    }
    // The data must be seen before a bit is looked at: a bit that is still set may be cleared, and the data
    // fetched, at any moment. Reports have the other half of this.
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
      long number = page >>> CHUNK_PAGE_SHIFT;
      Chunk chunk = log.findOrAdd(number);
      if (chunk == null) {
        log.overflowed = true;
        return;
      }
      long lastHere = Math.min(last, ((number + 1) << CHUNK_PAGE_SHIFT) - 1);
      setBits(chunk.words, (int) (page & CHUNK_PAGES - 1), (int) (lastHere & CHUNK_PAGES - 1));
      page = lastHere + 1;
    }
  }

  private static void setBits(AtomicLongArray words, int first, int last) {
    for (int word = first >>> 6; word <= last >>> 6; word++) {
      long bits = mask(word, first, last);
      // A bit that is set still says that the reader has yet to fetch the page: no need to write again.
      if ((words.get(word) & bits) != bits) {
        words.getAndAccumulate(word, bits, (old, more) -> old | more);
      }
    }
  }

  /** Returns the bits of a word that lie between two bit numbers. */
  private static long mask(int word, int first, int last) {
    long bits = -1L;
    if (word == first >>> 6) {
      bits &= -1L << first;
    }
    if (word == last >>> 6) {
      bits &= -1L >>> (63 - (last & 63));
    }
    return bits;
  }

  /**
   * Reads the log of a range and clears it, each word atomically. A page of the log that lies in the range
   * only in part is read too, and stays dirty.
   *
   * @param iova the first address; bit 0 of the bitmap stands for the page that begins here
   * @param length bytes
   * @param pageSize bytes per bit of the bitmap
   * @param bitmap where bits are set, least significant first, none is cleared
   * @throws ErrnoException EINVAL for a wrong page size, an empty range, a bitmap too short, or without a
   *     start; EOVERFLOW for a range that wraps around; ENOSPC if more was written than the log holds, so
   *     that all memory is dirty
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
    if (bitmap.byteSize() < DmaLog.bitmapBytes(new IovaRange(iova, length), pageSize)) {
      throw new ErrnoException(Errno.EINVAL, "the bitmap is too short");
    }
    if (current.overflowed) {
      throw new ErrnoException(Errno.ENOSPC, "more memory was written than the DMA log holds");
    }
    long firstChunk = iova >>> (PAGE_SHIFT + CHUNK_PAGE_SHIFT);
    long lastChunk = (iova + (length - 1)) >>> (PAGE_SHIFT + CHUNK_PAGE_SHIFT);
    if (lastChunk - firstChunk < MOST_LOOKUPS) {
      for (long number = firstChunk; number <= lastChunk; number++) {
        reportChunk(current.find(number), iova, length, pageSize, bitmap);
      }
    } else {
      // The range comes from outside, the number of slots does not.
      for (int slot = 0; slot < SLOTS; slot++) {
        reportChunk(current.chunks.get(slot), iova, length, pageSize, bitmap);
      }
    }
    // See mark: the bits must be clear before the data is fetched.
    VarHandle.fullFence();
  }

  private static void reportChunk(@Nullable Chunk chunk, long iova, long length, long pageSize,
      MemorySegment bitmap) {
    if (chunk == null) {
      return;
    }
    long base = chunk.number << CHUNK_PAGE_SHIFT;
    long firstPage = Math.max(iova >>> PAGE_SHIFT, base);
    long lastPage = Math.min((iova + (length - 1)) >>> PAGE_SHIFT, base + CHUNK_PAGES - 1);
    if (firstPage > lastPage) {
      return;
    }
    int first = (int) (firstPage - base);
    int last = (int) (lastPage - base);
    for (int word = first >>> 6; word <= last >>> 6; word++) {
      if (chunk.words.get(word) == 0) {
        continue;
      }
      long firstOfWord = base + ((long) word << 6);
      long mine = mask(word, first, last);
      long others = ~mine | partlyIn(firstOfWord, iova, length);
      long bits = chunk.words.getAndAccumulate(word, others, (old, kept) -> old & kept) & mine;
      if (pageSize == PAGE_SIZE && (iova & PAGE_SIZE * Long.SIZE - 1) == 0) {
        or(bitmap, (firstOfWord - (iova >>> PAGE_SHIFT)) >>> 6, bits);
      } else {
        spread(bits, firstOfWord, iova, length, pageSize, bitmap);
      }
    }
  }

  /** Returns the bits of the pages of a word that a range begins or ends in the middle of. */
  private static long partlyIn(long firstOfWord, long iova, long length) {
    return inMiddleOfPage(firstOfWord, iova) | inMiddleOfPage(firstOfWord, iova + length);
  }

  private static long inMiddleOfPage(long firstOfWord, long address) {
    long page = address >>> PAGE_SHIFT;
    boolean isInMiddle = (address & PAGE_SIZE - 1) != 0;
    return isInMiddle && page >>> 6 == firstOfWord >>> 6 ? 1L << page : 0;
  }

  /**
   * Sets the bits of each page's place in the bitmap, where words of the log and of the bitmap do not match.
   * A page has two bits if the range is not aligned to pages.
   */
  private static void spread(long bits, long firstOfWord, long iova, long length, long pageSize,
      MemorySegment bitmap) {
    for (long rest = bits; rest != 0; rest &= rest - 1) {
      long address = (firstOfWord + Long.numberOfTrailingZeros(rest)) << PAGE_SHIFT;
      long firstOffset = unsignedMax(address, iova) - iova;
      long lastOffset = unsignedMin(address + (PAGE_SIZE - 1), iova + (length - 1)) - iova;
      long firstBit = Long.divideUnsigned(firstOffset, pageSize);
      long lastBit = Long.divideUnsigned(lastOffset, pageSize);
      or(bitmap, firstBit >>> 6, 1L << firstBit);
      or(bitmap, lastBit >>> 6, 1L << lastBit);
    }
  }

  private static void or(MemorySegment bitmap, long word, long bits) {
    long offset = word * Long.BYTES;
    bitmap.set(LE_LONG, offset, bitmap.get(LE_LONG, offset) | bits);
  }

  private static long unsignedMax(long a, long b) {
    return Long.compareUnsigned(a, b) > 0 ? a : b;
  }

  private static long unsignedMin(long a, long b) {
    return Long.compareUnsigned(a, b) < 0 ? a : b;
  }
}
