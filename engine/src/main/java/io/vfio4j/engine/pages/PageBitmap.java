// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A bit for each page of a region, in native words of 64, least significant first, as logs report them. A word is
 * used by one thread at a time; whoever hands it on makes sure that the next one sees it.
 */
final class PageBitmap {

  static final int PAGES_PER_WORD = Long.SIZE;

  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final long pages;
  private final long wordCount;
  private final long lastMask;
  private final MemorySegment words;

  /** Makes a bitmap without a bit set, in an arena that is the caller's. */
  PageBitmap(Arena arena, long pages) {
    this.pages = pages;
    this.wordCount = (pages - 1) / PAGES_PER_WORD + 1;
    this.lastMask = -1L >>> (wordCount * PAGES_PER_WORD - pages);
    this.words = arena.allocate(WORD, wordCount);
  }

  long pages() {
    return pages;
  }

  long wordCount() {
    return wordCount;
  }

  /** Returns the words themselves. Bits beyond the last page may get set there; {@link #merge} drops them. */
  MemorySegment words() {
    return words;
  }

  /** Returns a word and leaves none of its bits set. */
  long takeWord(long index) {
    long bits = words.getAtIndex(WORD, index);
    if (bits != 0) {
      words.setAtIndex(WORD, index, 0);
    }
    return bits;
  }

  /** Sets the bits of pages, from one to another that is not included; those beyond the last page are left out. */
  void set(long from, long to) {
    for (long page = from; page < Math.min(to, pages);) {
      long index = page / PAGES_PER_WORD;
      long next = Math.min(Math.min(to, pages), (index + 1) * PAGES_PER_WORD);
      long bits = (-1L >>> (PAGES_PER_WORD - (next - page))) << page;
      words.setAtIndex(WORD, index, words.getAtIndex(WORD, index) | bits);
      page = next;
    }
  }

  void setAll() {
    words.fill((byte) -1);
    words.setAtIndex(WORD, wordCount - 1, lastMask);
  }

  /** Takes all bits of another bitmap of as many pages, which has none then. */
  void merge(PageBitmap other) {
    MemorySegment from = other.words;
    for (long i = 0; i < wordCount; i++) { // Simple enough for the compiler to make vectors of it.
      words.setAtIndex(WORD, i, words.getAtIndex(WORD, i) | from.getAtIndex(WORD, i));
    }
    from.fill((byte) 0);
    words.setAtIndex(WORD, wordCount - 1, words.getAtIndex(WORD, wordCount - 1) & lastMask);
  }

  /** Returns the number of bits set. */
  long count() {
    long count = 0;
    for (long i = 0; i < wordCount; i++) {
      count += Long.bitCount(words.getAtIndex(WORD, i));
    }
    return count;
  }
}
