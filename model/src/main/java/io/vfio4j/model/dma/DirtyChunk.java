// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.dma;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The dirty pages of one chunk of addresses: a bit for each page, and above them a bit for each word of 64
 * pages that may have a dirty page, so that the cost of a report depends on the memory written and not on the
 * range.
 *
 * <p>
 * Lock-free. A mark sets the page's bit and then the word's; a report clears the word's bit and then the
 * page's. So once a mark is complete, every later report finds the page, unless another report is handling
 * it. All these accesses are volatile: a mark must not read the word's bit, nor a report the page's, before
 * its own write is visible.
 */
final class DirtyChunk {

  /** The number of pages of a chunk, as a power of two. */
  static final int PAGE_SHIFT = 16;

  static final int PAGES = 1 << PAGE_SHIFT;

  private static final int WORD_SHIFT = 6;
  private static final int GROUP_SHIFT = 2 * WORD_SHIFT;
  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

  private final long number;
  private final long[] words = new long[PAGES >>> WORD_SHIFT];
  /** A bit for each of the {@link #words}, in groups of 64. */
  private final long[] groups = new long[PAGES >>> GROUP_SHIFT];

  DirtyChunk(long number) {
    this.number = number;
  }

  /** Returns the index of this chunk: its first page divided by {@link #PAGES}. */
  long number() {
    return number;
  }

  /**
   * Marks pages.
   *
   * @param first the first page, relative to the chunk
   * @param last the last page, inclusive
   */
  void mark(int first, int last) {
    for (int word = first >>> WORD_SHIFT; word <= last >>> WORD_SHIFT; word++) {
      long bits = mask(word, first, last);
      // If the bit is still set, the reader has yet to fetch the page, and no write is needed.
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
   * @param first the first page, relative to the chunk
   * @param last the last page, inclusive
   * @param keepFirst whether a dirty first page remains dirty
   * @param keepLast whether a dirty last page remains dirty
   * @param report receives the dirty pages
   */
  void report(int first, int last, boolean keepFirst, boolean keepLast, DirtyReport report) {
    // Only words that keep no page; those at the ends may keep one, and their bits remain set.
    int firstCleared = ((keepFirst ? first : first - 1) + Long.SIZE) >>> WORD_SHIFT;
    int lastCleared = ((keepLast ? last : last + 1) - Long.SIZE) >> WORD_SHIFT;
    for (int group = first >>> GROUP_SHIFT; group <= last >>> GROUP_SHIFT; group++) {
      long dirty =
          (long) LONGS.getVolatile(groups, group) & mask(group, first >>> WORD_SHIFT, last >>> WORD_SHIFT);
      if (dirty == 0) {
        continue;
      }
      LONGS.getAndBitwiseAnd(groups, group, ~(dirty & maskOrEmpty(group, firstCleared, lastCleared)));
      for (long remaining = dirty; remaining != 0; remaining &= remaining - 1) {
        int word = (group << WORD_SHIFT) + Long.numberOfTrailingZeros(remaining);
        long selected = mask(word, first, last);
        long kept = (keepFirst ? bitIn(word, first) : 0) | (keepLast ? bitIn(word, last) : 0);
        long bits = clear(word, ~selected | kept) & selected;
        report.add((number << PAGE_SHIFT) + ((long) word << WORD_SHIFT), bits);
      }
    }
  }

  /** Clears all but some bits of a word, and returns its previous value. */
  private long clear(int word, long kept) {
    return kept == 0 ? (long) LONGS.getAndSet(words, word, 0L)
        : (long) LONGS.getAndBitwiseAnd(words, word, kept);
  }

  private static long bitIn(int word, int page) {
    return page >>> WORD_SHIFT == word ? 1L << page : 0;
  }

  /** Like {@link #mask}, but returns 0 if no bit of the word lies between the two. */
  private static long maskOrEmpty(int word, int first, int last) {
    boolean none = first > last || word < first >> WORD_SHIFT || word > last >> WORD_SHIFT;
    return none ? 0 : mask(word, first, last);
  }

  /** Returns the bits of a word that lie between two bit numbers, both inclusive. */
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
