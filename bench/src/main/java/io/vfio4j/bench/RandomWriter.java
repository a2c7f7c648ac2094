// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.DirtyLog;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/** A workload that writes to random pages of memory at a fixed rate and logs the writes. */
final class RandomWriter implements Workload, AutoCloseable {

  private static final int PAGE = 4096;
  private static final double NANOS_PER_SECOND = 1e9;
  private static final long WAKE_UP_NANOS = 1_000_000;

  /** Writes overdue by more than this, because the thread was delayed, are dropped. */
  private static final long MAX_BACKLOG_NANOS = 100_000_000;

  private final MemorySegment memory;
  private final long iova;
  private final long pages;
  private final int pagesPerSecond;
  private final DirtyLog log = new DirtyLog();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition change = lock.newCondition();
  private final Thread thread = Thread.ofPlatform().daemon().name("bench-writer").unstarted(this::runWriter);
  private final SplittableRandom random = new SplittableRandom();
  private long last = System.nanoTime();
  private double backlog;
  private boolean paused;
  private boolean closed;

  private RandomWriter(MemorySegment memory, long iova, long workingSet, int pagesPerSecond) {
    this.memory = memory;
    this.iova = iova;
    this.pages = workingSet / PAGE;
    this.pagesPerSecond = pagesPerSecond;
  }

  /** Starts writing to the first {@code workingSet} bytes of memory mapped at an IOVA. */
  static RandomWriter start(MemorySegment memory, long iova, long workingSet, int pagesPerSecond) {
    RandomWriter writer = new RandomWriter(memory, iova, workingSet, pagesPerSecond);
    writer.thread.start();
    return writer;
  }

  private void runWriter() {
    while (writeBacklog()) {
      LockSupport.parkNanos(this, WAKE_UP_NANOS);
    }
  }

  /** Makes the writes that are due; a pause waits for that. Returns whether to continue. */
  private boolean writeBacklog() {
    lock.lock();
    try {
      while (paused && !closed) {
        change.awaitUninterruptibly();
      }
      long now = System.nanoTime();
      backlog += Math.min(now - last, MAX_BACKLOG_NANOS) * (double) pagesPerSecond / NANOS_PER_SECOND;
      last = now;
      for (; backlog >= 1 && !closed; backlog--) {
        long at = random.nextLong(pages) * PAGE;
        memory.set(ValueLayout.JAVA_LONG, at, random.nextLong());
        log.mark(iova + at, PAGE);
      }
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<DmaLog> dirtyLog() {
    return Optional.of(new DmaLog() {
      @Override
      public long start(List<IovaRange> ranges, long pageSize) throws DeviceException {
        try {
          return log.start(ranges.stream().map(range -> new long[] {range.iova(), range.length()}).toList(),
              pageSize);
        } catch (ErrnoException e) {
          throw failed(e);
        }
      }

      @Override
      public void stop() throws DeviceException {
        try {
          log.stop();
        } catch (ErrnoException e) {
          throw failed(e);
        }
      }

      @Override
      public void report(IovaRange range, long pageSize, MemorySegment bitmap) throws DeviceException {
        try {
          log.report(range.iova(), range.length(), pageSize, bitmap);
        } catch (ErrnoException e) {
          throw failed(e);
        }
      }
    });
  }

  private static DeviceException failed(ErrnoException e) {
    return new DeviceException("writer", "log its writes", e.errno(), "the writer's log: " + e.getMessage(),
        e);
  }

  @Override
  public void pause() {
    setState(true, false);
  }

  @Override
  public void resume(Side side) {
    setState(false, false);
  }

  private void setState(boolean pause, boolean close) {
    lock.lock();
    try {
      paused = pause;
      closed |= close;
      change.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    setState(false, true);
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
