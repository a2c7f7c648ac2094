// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

/** A set of page numbers from which runs are removed. */
final class DirtyPages {

  private final long[] words;
  private final long pages;
  private long count;
  private long cursor;

  DirtyPages(long pages) {
    this.pages = pages;
    this.words = new long[Math.toIntExact((pages + Long.SIZE - 1) / Long.SIZE)];
  }

  long count() {
    return count;
  }

  void add(long page) {
    if (!contains(page)) {
      words[(int) (page / Long.SIZE)] |= 1L << page;
      count++;
    }
  }

  boolean contains(long page) {
    return (words[(int) (page / Long.SIZE)] & 1L << page) != 0;
  }

  /** Returns the next page at or after the end of the last run, wrapping around. The set must not be empty. */
  long next() {
    long page = nextFrom(cursor);
    return page >= 0 ? page : nextFrom(0);
  }

  private long nextFrom(long from) {
    if (from >= pages) {
      return -1;
    }
    int word = (int) (from / Long.SIZE);
    long bits = words[word] & -1L << from;
    while (bits == 0) {
      if (++word == words.length) {
        return -1;
      }
      bits = words[word];
    }
    return (long) word * Long.SIZE + Long.numberOfTrailingZeros(bits);
  }

  /** Removes a page of the set and those that follow it immediately, up to a maximum, and returns how many. */
  int take(long first, int most) {
    int taken = 0;
    for (long page = first; taken < most && page < pages && contains(page); page++) {
      words[(int) (page / Long.SIZE)] &= ~(1L << page);
      taken++;
    }
    count -= taken;
    cursor = first + taken;
    return taken;
  }
}
