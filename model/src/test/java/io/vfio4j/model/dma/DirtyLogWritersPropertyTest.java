// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.dma;

import static io.vfio4j.model.dma.DirtyLogPropertyTest.PAGE;
import static io.vfio4j.model.dma.DirtyLogPropertyTest.WINDOW;
import static io.vfio4j.model.dma.DirtyLogPropertyTest.WINDOW_PAGES;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.DmaLog;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.Property;
import io.vfio4j.model.dma.DirtyLogPropertyTest.Model;
import io.vfio4j.model.dma.DirtyLogPropertyTest.Setting;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Objects;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Writers write memory and mark it, while a reader reports any range in pages of any size and fetches the
 * dirty pages, as a migration does. The model is the memory itself, and the set of pages marked by any
 * writer.
 */
class DirtyLogWritersPropertyTest {

  private static final int CASES = 10_000;
  private static final int WRITERS = 2;
  private static final int MARKS = 150;

  /**
   * One case: the actions of the writers are fixed in advance, their timing against the reader's reports is
   * not.
   */
  private static final class Case {
    final Setting setting;
    final DirtyLog log = new DirtyLog();
    final long[][] offsets = new long[WRITERS][MARKS];
    final long[][] lengths = new long[WRITERS][MARKS];
    /** The pages whose marks are logged, since they lie at least partly in a logged range. */
    final int[][][] pages = new int[WRITERS][MARKS][];
    /** The number of writes by each writer to each page, in the device's memory and in the fetched copy. */
    final long[][] memory = new long[WRITERS][WINDOW_PAGES];
    final long[][] fetched = new long[WRITERS][WINDOW_PAGES];
    /** The pages marked by any writer, and an upper bound of their marks. */
    final BitSet everMarked = new BitSet();
    final int[] marks = new int[WINDOW_PAGES];
    final int[] reports = new int[WINDOW_PAGES];
    final AtomicInteger writing = new AtomicInteger(WRITERS);

    Case(RandomGenerator random) throws ErrnoException {
      setting = Setting.random(random);
      log.start(setting.absoluteRanges(), setting.pageSize());
      Model model = new Model(setting);
      for (int writer = 0; writer < WRITERS; writer++) {
        for (int i = 0; i < MARKS; i++) {
          long most = Property.oneOf(random, 2L, 2L, 2L * PAGE, 70L * PAGE);
          offsets[writer][i] = random.nextLong(WINDOW - most);
          lengths[writer][i] = random.nextLong(1, most);
          model.dirty.clear();
          model.mark(offsets[writer][i], lengths[writer][i]);
          pages[writer][i] = model.dirty.stream().toArray();
          everMarked.or(model.dirty);
          model.dirty.stream().forEach(page -> marks[page]++);
        }
      }
    }

    void write(int writer) {
      for (int i = 0; i < MARKS; i++) {
        for (int page : pages[writer][i]) {
          memory[writer][page]++;
        }
        log.mark(setting.base() + offsets[writer][i], lengths[writer][i]);
      }
      writing.decrementAndGet();
    }

    /** Reports and fetches a range. Returns whether a page was dirty. */
    boolean report(long offset, long length, long pageSize) throws ErrnoException {
      IovaRange range = new IovaRange(setting.base() + offset, length);
      byte[] bitmap = new byte[(int) DmaLog.bitmapBytes(range, pageSize)];
      log.report(range.iova(), length, pageSize, MemorySegment.ofArray(bitmap));
      BitSet bits = BitSet.valueOf(bitmap);
      for (int bit = bits.nextSetBit(0); bit >= 0; bit = bits.nextSetBit(bit + 1)) {
        int first = (int) ((offset + bit * pageSize) / PAGE);
        int last = (int) ((Math.min(length, (bit + 1) * pageSize) + offset - 1) / PAGE);
        assertThat(everMarked.get(first, last + 1).isEmpty()).as("bit %d of %s", bit, range).isFalse();
        for (int page = first; page <= last; page++) {
          fetch(page);
        }
        // A page that lies only partly in the range is reported too, and remains dirty.
        boolean isWhollyInside = (first + 1L) * PAGE <= offset + length;
        if (pageSize == PAGE && offset % PAGE == 0 && isWhollyInside) {
          reports[first]++;
        }
      }
      return !bits.isEmpty();
    }

    private void fetch(int page) {
      for (int writer = 0; writer < WRITERS; writer++) {
        fetched[writer][page] = memory[writer][page];
      }
    }

    /** Reports a random range. Returns whether a page was dirty. */
    boolean report(RandomGenerator random) throws ErrnoException {
      long alignment = Property.oneOf(random, 1L, (long) PAGE, (long) PAGE, 64L * PAGE);
      long offset = random.nextLong(WINDOW) & -alignment;
      long most = WINDOW - offset;
      long length = random.nextInt(3) == 0 ? random.nextLong(1, most + 1) : most;
      // At most a page as large as the window, since its bits are counted in longs here.
      return report(offset, length, (long) PAGE << Property.oneOf(random, 0, 0, 0, 1, 4, 9));
    }

    void check() throws ErrnoException {
      report(0, WINDOW, PAGE);
      for (int page = everMarked.nextSetBit(0); page >= 0; page = everMarked.nextSetBit(page + 1)) {
        for (int writer = 0; writer < WRITERS; writer++) {
          assertThat(fetched[writer][page]).as("page %d as last written by writer %d", page, writer)
              .isEqualTo(memory[writer][page]);
        }
        assertThat(reports[page]).as("reports of page %d", page).isLessThanOrEqualTo(marks[page]);
      }
      assertThat(report(0, WINDOW, PAGE)).as("dirty after the last report").isFalse();
    }
  }

  private final CyclicBarrier begin = new CyclicBarrier(WRITERS + 1);
  private volatile @Nullable Case current;
  private volatile boolean done;

  @Test
  @Timeout(120)
  void reportsExactlyWhatSeveralThreadsWrote() throws Exception {
    AtomicInteger met = new AtomicInteger();
    try (ExecutorService threads = Executors.newFixedThreadPool(WRITERS)) {
      Future<?> one = threads.submit(() -> writeAll(0));
      Future<?> other = threads.submit(() -> writeAll(1));
      try {
        Property.forCases(CASES, random -> met.addAndGet(check(random)));
      } finally {
        done = true;
        begin.await();
      }
      one.get();
      other.get();
    }
    assertThat(met).as("reports of dirty pages while others wrote").hasPositiveValue();
  }

  private Void writeAll(int writer) throws InterruptedException, BrokenBarrierException {
    begin.await();
    while (!done) {
      Objects.requireNonNull(current).write(writer);
      begin.await();
    }
    return null;
  }

  /** Checks one case. Returns the number of reports that overlapped with writes. */
  private int check(RandomGenerator random) throws Exception {
    Case checked = new Case(random);
    current = checked;
    begin.await();
    int met = 0;
    while (checked.writing.get() > 0) {
      boolean found = checked.report(random);
      met += found && checked.writing.get() > 0 ? 1 : 0;
    }
    checked.check();
    return met;
  }
}
