// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.util.Interrupts;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.DirtyLog;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A synthetic workload: writes to memory at a constant rate, page by page, and logs its writes. Write {@code
 * n}, counted from 1, stores {@code n} at the start of page {@code (n-1) mod PAGES} of all regions together,
 * so the count alone determines the first word of every page.
 */
public final class GeneratedWorkload implements Workload, AutoCloseable {

  private static final long PAGE = RegionRules.PAGE_SIZE;
  private static final long TICK_NANOS = 1_000_000;
  private static final double NANOS_PER_SECOND = 1e9;

  private final MemoryRegions memory;
  private final double pagesPerNano;
  private final DirtyLog log = new DirtyLog();
  private final Thread thread;
  private final Lock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean paused;
  private boolean idle;
  private boolean closed;
  private final AtomicLong count = new AtomicLong();

  private GeneratedWorkload(MemoryRegions memory, long bytesPerSecond) {
    this.memory = memory;
    this.pagesPerNano = bytesPerSecond / (double) PAGE / NANOS_PER_SECOND;
    this.thread = Thread.ofPlatform().name("vfio4j-workload").daemon(true).unstarted(this::run);
  }

  /**
   * Starts writing.
   *
   * @param memory at least one region; it stays mapped until the workload is closed
   * @param bytesPerSecond bytes to dirty per second, in whole pages
   */
  public static GeneratedWorkload start(MemoryRegions memory, long bytesPerSecond) {
    if (memory.isEmpty() || bytesPerSecond < 0) {
      throw new IllegalArgumentException(
          "a workload needs memory to write to, and a rate that is not negative");
    }
    GeneratedWorkload workload = new GeneratedWorkload(memory, bytesPerSecond);
    workload.thread.start();
    return workload;
  }

  /** Returns the number of the last write. */
  public long count() {
    return count.get();
  }

  @Override
  public Optional<DmaLog> dirtyLog() {
    return Optional.of(new Log());
  }

  /** Returns once no write is in progress. */
  @Override
  public void pause() {
    lock.lock();
    try {
      paused = true;
      while (!idle && !closed) {
        changed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Resumes writing at the source. At the target a different program must do so; here the writes have ended.
   */
  @Override
  public void resume(Side side) {
    if (side == Side.TARGET) {
      return;
    }
    lock.lock();
    try {
      paused = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Stops writing for good; then the memory may be unmapped. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    Interrupts.join(thread);
  }

  private void run() {
    double due = 0;
    long last = System.nanoTime();
    while (awaitUnpaused()) {
      LockSupport.parkNanos(TICK_NANOS);
      long now = System.nanoTime();
      due = Math.min(due + (now - last) * pagesPerNano, NANOS_PER_SECOND / 10 * pagesPerNano);
      last = now;
      for (; due >= 1; due--) {
        long before = count.get();
        write(before);
        count.lazySet(before + 1);
      }
    }
  }

  /** Waits while paused; returns false once closed. */
  private boolean awaitUnpaused() {
    lock.lock();
    try {
      while (paused && !closed) {
        idle = true;
        changed.signalAll();
        changed.awaitUninterruptibly();
      }
      idle = closed;
      changed.signalAll();
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  private void write(long before) {
    long page = before % (memory.size() / PAGE);
    for (MemoryRegion region : memory.list()) {
      if (page < region.pages()) {
        MemorySegment into = region.memory();
        into.set(ValueLayout.JAVA_LONG, page * PAGE, before + 1);
        log.mark(region.iova() + page * PAGE, PAGE);
        return;
      }
      page -= region.pages();
    }
  }

  /** The log as seen by a migration. */
  private final class Log implements DmaLog {
    @Override
    public long start(List<IovaRange> ranges, long pageSize) throws DeviceException {
      List<long[]> pairs =
          ranges.stream().map(range -> new long[] {range.iova(), range.length()}).toList();
      try {
        return log.start(pairs, pageSize);
      } catch (ErrnoException e) {
        throw failed("start", e);
      }
    }

    @Override
    public void stop() throws DeviceException {
      try {
        log.stop();
      } catch (ErrnoException e) {
        throw failed("stop", e);
      }
    }

    @Override
    public void report(IovaRange range, long pageSize, MemorySegment bitmap) throws DeviceException {
      try {
        log.report(range.iova(), range.length(), pageSize, bitmap);
      } catch (ErrnoException e) {
        throw failed("report", e);
      }
    }

    private static DeviceException failed(String action, ErrnoException e) {
      return new DeviceException("the workload", action, e.errno(), String.valueOf(e.getMessage()), e);
    }
  }
}
