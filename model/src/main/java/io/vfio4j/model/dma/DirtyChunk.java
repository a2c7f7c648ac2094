// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.dma;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Which pages of one stretch of addresses are dirty: a bit for each page, and above them a bit for each word of 64 pages
 * that may have one, so that a report goes over what was written and not over what could have been.
 *
 * <p>
 * Whoever marks sets the page's bit, then the word's; whoever reports clears the word's, then the page's. So once a
 * mark is done, each report after it finds the way to the page, or another report is on it. All of these accesses are
 * volatile: a mark may not look at the word's bit, nor a report at the page's, before its own write is seen.
 */
final class DirtyChunk {

  /** The number of pages, as a power of two. */
  static final int PAGE_SHIFT = 16;

  static final int PAGES = 1 << PAGE_SHIFT;

  private static final int WORD_SHIFT = 6;
  private static final int GROUP_SHIFT = 2 * WORD_SHIFT;
  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

  private final long number;
  private final long[] words = new long[PAGES >>> WORD_SHIFT];
  /** A bit for each of the {@link #words}, a group of 64 of them in each. */
  private final long[] groups = new long[PAGES >>> GROUP_SHIFT];

  /** Makes a stretch without a dirty page. */
  DirtyChunk(long number) {
    this.number = number;
  }

  /** Returns which stretch of {@link #PAGES} pages this is. */
  long number() {
    return number;
  }

  /** Marks pages, counted from the beginning of the stretch, both included. */
  void mark(int first, int last) {
    for (int word = first >>> WORD_SHIFT; word <= last >>> WORD_SHIFT; word++) {
      long bits = mask(word, first, last);
      // A bit that is set still says that the reader has yet to fetch the page: no need to write again.
      if (((long) LONGS.getVolatile(words, word) & bits) != bits) {
        set(words, word, bits);
      }
      long bit = 1L << word;
      int group = word >>> WORD_SHIFT;
      if (((long) LONGS.getVolatile(groups, group) & bit) == 0) {
        set(groups, group, bit);
      }
    }
  }

  private static void set(long[] array, int index, long bits) {
    if (bits == -1L) {
      LONGS.setVolatile(array, index, bits);
    } else {
      LONGS.getAndBitwiseOr(array, index, bits);
    }
  }

  /**
   * Reads the log of pages and clears it, each word atomically.
   *
   * @param first the first page, counted from the beginning of the stretch
   * @param last the last page, included
   * @param firstStays whether the first page stays dirty if it is
   * @param lastStays whether the last page does
   * @param report takes the dirty pages
   */
  void report(int first, int last, boolean firstStays, boolean lastStays, DirtyReport report) {
    // Words that keep nothing; those at the ends may, and stay known as words that may have a page.
    int firstCleared = ((firstStays ? first : first - 1) + Long.SIZE) >>> WORD_SHIFT;
    int lastCleared = ((lastStays ? last : last + 1) - Long.SIZE) >> WORD_SHIFT;
    for (int group = first >>> GROUP_SHIFT; group <= last >>> GROUP_SHIFT; group++) {
      long dirty =
          (long) LONGS.getVolatile(groups, group) & mask(group, first >>> WORD_SHIFT, last >>> WORD_SHIFT);
      if (dirty == 0) {
        continue;
      }
      LONGS.getAndBitwiseAnd(groups, group, ~(dirty & maskOrEmpty(group, firstCleared, lastCleared)));
      for (long rest = dirty; rest != 0; rest &= rest - 1) {
        int word = (group << WORD_SHIFT) + Long.numberOfTrailingZeros(rest);
        long mine = mask(word, first, last);
        long stays = (firstStays ? bitIn(word, first) : 0) | (lastStays ? bitIn(word, last) : 0);
        long bits = clear(word, ~mine | stays) & mine;
        report.add((number << PAGE_SHIFT) + ((long) word << WORD_SHIFT), bits);
      }
    }
  }

  /** Clears a word but for some bits, and returns what it was. */
  private long clear(int word, long kept) {
    return kept == 0 ? (long) LONGS.getAndSet(words, word, 0L)
        : (long) LONGS.getAndBitwiseAnd(words, word, kept);
  }

  private static long bitIn(int word, int page) {
    return page >>> WORD_SHIFT == word ? 1L << page : 0;
  }

  /** As {@link #mask}, for two bit numbers that may have nothing between them in a word. */
  private static long maskOrEmpty(int word, int first, int last) {
    boolean none = first > last || word < first >> WORD_SHIFT || word > last >> WORD_SHIFT;
    return none ? 0 : mask(word, first, last);
  }

  /** Returns the bits of a word that lie between two bit numbers. */
  private static long mask(int word, int first, int last) {
    long bits = -1L;
    if (word == first >>> WORD_SHIFT) {
      bits &= -1L << first;
    }
    if (word == last >>> WORD_SHIFT) {
      bits &= -1L >>> (Long.SIZE - 1 - (last & Long.SIZE - 1));
    }
    return bits;
  }
}
