// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.dma;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.DmaLog;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.Property;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Compares {@link DirtyLog} with a page-by-page model, in a window of addresses. */
class DirtyLogPropertyTest {

  static final int PAGE = 4096;
  static final int WINDOW_PAGES = 512;
  static final long WINDOW = (long) WINDOW_PAGES * PAGE;

  /**
   * The window and the ranges logged in it. All numbers are offsets in the window, so that none wraps around.
   */
  record Setting(long base, long pageSize, List<long[]> ranges) {

    static Setting random(RandomGenerator random) {
      long chunk = 256L << 20;
      long base = Property.oneOf(random, 0L, chunk - WINDOW / 2, Long.MIN_VALUE - WINDOW / 2,
          -chunk - WINDOW / 2, -WINDOW, random.nextLong() >>> 1);
      long pageSize = Property.oneOf(random, 512L, 4096L, 8192L, 65536L);
      return new Setting(base & -65536, pageSize, randomRanges(random, pageSize));
    }

    /** Ranges with gaps between some of them, in random order. */
    private static List<long[]> randomRanges(RandomGenerator random, long pageSize) {
      List<long[]> ranges = new ArrayList<>();
      long most = WINDOW / pageSize;
      for (long at = 0; ranges.size() < 5;) {
        long begin = at + random.nextLong(most / 4);
        long end = begin + random.nextLong(1, most / 2);
        if (end > most) {
          break;
        }
        ranges.add(new long[] {begin * pageSize, (end - begin) * pageSize});
        at = end;
      }
      Collections.shuffle(ranges, Random.from(random));
      return ranges;
    }

    List<long[]> absoluteRanges() {
      return ranges.stream().map(range -> new long[] {base + range[0], range[1]}).toList();
    }

    boolean endsAtAddressSpaceEnd() {
      return base + WINDOW == 0;
    }
  }

  /** The dirty pages of the window. */
  static final class Model {
    final Setting setting;
    final BitSet dirty = new BitSet();

    Model(Setting setting) {
      this.setting = setting;
    }

    void mark(long offset, long length) {
      boolean wrapsAround = setting.endsAtAddressSpaceEnd() && offset + length > WINDOW;
      for (long[] range : setting.ranges) {
        long begin = Math.max(offset, range[0]);
        long end = Math.min(offset + length, range[0] + range[1]);
        if (begin < end && !wrapsAround) {
          dirty.set((int) (begin / PAGE), (int) ((end - 1) / PAGE) + 1);
        }
      }
    }

    void report(long offset, long length, long pageSize, BitSet bitmap) {
      long end = offset + length;
      for (int page = 0; page < WINDOW_PAGES; page++) {
        long begin = Math.max((long) page * PAGE, offset);
        long last = Math.min((page + 1L) * PAGE, end) - 1;
        if (begin <= last && dirty.get(page)) {
          bitmap.set((int) ((begin - offset) / pageSize), (int) ((last - offset) / pageSize) + 1);
          boolean isWhollyInside = last - begin == PAGE - 1;
          dirty.set(page, !isWhollyInside);
        }
      }
    }
  }

  @Test
  void matchesReferenceModel() {
    Property.forCases(10_000, random -> {
      Setting setting = Setting.random(random);
      DirtyLog log = new DirtyLog();
      log.start(setting.absoluteRanges(), setting.pageSize);
      Model model = new Model(setting);
      for (int step = random.nextInt(1, 16); step > 0; step--) {
        if (random.nextBoolean()) {
          markInBoth(log, model, random);
        } else {
          compareReports(log, model, random);
        }
      }
      compareReport(log, model, 0, WINDOW, PAGE, random);
      assertThat(model.dirty.isEmpty()).isTrue();
    });
  }

  private static void markInBoth(DirtyLog log, Model model, RandomGenerator random) {
    long offset = random.nextLong(WINDOW);
    long length = random.nextLong(Property.oneOf(random, 2L, 2L * PAGE, WINDOW / 2));
    log.mark(model.setting.base + offset, length);
    model.mark(offset, length);
  }

  private static void compareReports(DirtyLog log, Model model, RandomGenerator random)
      throws ErrnoException {
    long alignment = Property.oneOf(random, 1L, (long) PAGE, 64L * PAGE);
    long offset = random.nextLong(WINDOW) & -alignment;
    long length = random.nextLong(1, WINDOW - offset + 1);
    if (random.nextBoolean() && length >= PAGE) {
      length &= -PAGE;
    }
    long pageSize = (long) PAGE << Property.oneOf(random, 0, 0, 1, 4, 9, 40, 51);
    compareReport(log, model, offset, length, pageSize, random);
  }

  private static void compareReport(DirtyLog log, Model model, long offset, long length, long pageSize,
      RandomGenerator random) throws ErrnoException {
    long iova = model.setting.base + offset;
    byte[] bitmap = new byte[(int) DmaLog.bitmapBytes(new IovaRange(iova, length), pageSize)];
    bitmap[random.nextInt(bitmap.length)] = (byte) random.nextInt();
    BitSet expected = BitSet.valueOf(bitmap);
    model.report(offset, length, pageSize, expected);

    log.report(iova, length, pageSize, MemorySegment.ofArray(bitmap));

    assertThat(BitSet.valueOf(bitmap)).as("0x%x+0x%x in pages of 0x%x", iova, length, pageSize)
        .isEqualTo(expected);
  }
}
