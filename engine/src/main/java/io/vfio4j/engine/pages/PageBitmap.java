// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A bit for each page of a region, in native 64-bit words, least significant bit first, as logs report them. A word is used
 * by one thread at a time; passing it to another thread requires a happens-before relation.
 */
final class PageBitmap {

  static final int PAGES_PER_WORD = Long.SIZE;

  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final long pages;
  private final long wordCount;
  private final long lastMask;
  private final MemorySegment words;

  /** Creates an empty bitmap in the caller's arena. */
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

  /** Returns the words. Bits beyond the last page may be set in them; {@link #merge} drops these. */
  MemorySegment words() {
    return words;
  }

  /** Returns a word and clears it. */
  long takeWord(long index) {
    long bits = words.getAtIndex(WORD, index);
    if (bits != 0) {
      words.setAtIndex(WORD, index, 0);
    }
    return bits;
  }

  /** Sets the bits of pages, from {@code from} to {@code to}, exclusive; pages beyond the last one are ignored. */
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

  /** Moves all bits of another bitmap of the same size to this one. */
  void merge(PageBitmap other) {
    MemorySegment from = other.words;
    for (long i = 0; i < wordCount; i++) { // Simple enough to be vectorised.
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
