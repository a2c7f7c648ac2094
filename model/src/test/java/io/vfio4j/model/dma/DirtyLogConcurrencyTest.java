// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.dma;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.ErrnoException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** A device writes while its log is read: each write is reported, never lost. */
class DirtyLogConcurrencyTest {

  private static final int PAGE = 4096;
  private static final int PAGES = 1 << 14;
  private static final int WRITERS = 3;
  private static final int WRITES_PER_PAGE = 20;
  private static final int ROUNDS = 500_000;

  private final DirtyLog log = new DirtyLog();

  private void start() throws ErrnoException {
    log.start(List.of(new long[] {0, (long) PAGES * PAGE}), PAGE);
  }

  /**
   * Each page is marked once, so that a lost mark is not masked by another. The writers share words of the
   * log.
   */
  @RepeatedTest(20)
  void losesNoMarkDuringReport() throws Exception {
    start();
    byte[] reported = new byte[PAGES / Byte.SIZE];
    CountDownLatch ready = new CountDownLatch(WRITERS);
    List<Future<?>> writers = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(WRITERS)) {
      for (int i = 0; i < WRITERS; i++) {
        int first = i;
        writers.add(threads.submit(() -> markEveryThirdPage(first, ready)));
      }
      while (!writers.stream().allMatch(Future::isDone)) {
        log.report(0, (long) PAGES * PAGE, PAGE, MemorySegment.ofArray(reported));
      }
    }
    for (Future<?> writer : writers) {
      writer.get();
    }
    log.report(0, (long) PAGES * PAGE, PAGE, MemorySegment.ofArray(reported));

    BitSet all = new BitSet();
    all.set(0, PAGES);
    assertThat(BitSet.valueOf(reported)).isEqualTo(all);
  }

  private Void markEveryThirdPage(int first, CountDownLatch ready) throws InterruptedException {
    ready.countDown();
    ready.await();
    for (int page = first; page < PAGES; page += WRITERS) {
      log.mark((long) page * PAGE, 1);
    }
    return null;
  }

  /**
   * A writer marks page after page and a reader follows it. Only the log orders the writes to the memory and
   * the reads of it.
   */
  @RepeatedTest(20)
  void ordersDataBeforeClearedMarks() throws Exception {
    start();
    long[] memory = new long[PAGES];
    long[] fetched = new long[PAGES];
    AtomicInteger pagesWritten = new AtomicInteger();
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      Future<?> writer = threads.submit(() -> writeEachPageSeveralTimes(memory, pagesWritten));
      for (int page = 0; page < PAGES; page++) {
        boolean isLastReport;
        do {
          isLastReport = pagesWritten.get() > page;
          if (reportsDirty(page)) {
            fetched[page] = memory[page];
          }
        } while (!isLastReport);
      }
      writer.get();
    }
    assertThat(fetched).isEqualTo(memory);
  }

  private void writeEachPageSeveralTimes(long[] memory, AtomicInteger pagesWritten) {
    for (int page = 0; page < PAGES; page++) {
      for (int i = 0; i < WRITES_PER_PAGE; i++) {
        memory[page]++;
        log.mark((long) page * PAGE, 1);
      }
      pagesWritten.set(page + 1);
    }
  }

  @Test
  void isolatesThreadsSharingAWord() throws Exception {
    start();
    List<Future<Integer>> found = new ArrayList<>();
    CountDownLatch ready = new CountDownLatch(WRITERS);
    try (ExecutorService threads = Executors.newFixedThreadPool(WRITERS)) {
      for (int i = 0; i < WRITERS; i++) {
        int page = i;
        found.add(threads.submit(() -> markAndReport(page, ready)));
      }
    }
    for (Future<Integer> each : found) {
      assertThat(each.get()).isEqualTo(ROUNDS);
    }
  }

  /** Returns the number of marks that were found by the report after each. */
  private int markAndReport(int page, CountDownLatch ready) throws ErrnoException, InterruptedException {
    ready.countDown();
    ready.await();
    int found = 0;
    for (int i = 0; i < ROUNDS; i++) {
      log.mark((long) page * PAGE, 1);
      found += reportsDirty(page) ? 1 : 0;
    }
    return found;
  }

  private boolean reportsDirty(int page) throws ErrnoException {
    byte[] bitmap = new byte[Long.BYTES];
    log.report((long) page * PAGE, PAGE, PAGE, MemorySegment.ofArray(bitmap));
    return bitmap[0] != 0;
  }
}
