// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.vfiouser.wire.Threads;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Ends an exchange that takes too long, however the peer spins it out.
 *
 * <p>
 * A timeout of the socket would bound each wait rather than the exchange, and costs a timer in the kernel for each.
 * Here an exchange costs two writes of a number, and one thread looks at those of all clients of the process now and
 * then. The thread begins with the first client and ends with the last.
 */
final class ExchangeWatchdog implements AutoCloseable {

  private static final VarHandle COUNT;
  private static final VarHandle LIMIT;
  private static final ReentrantLock LOCK = new ReentrantLock();
  private static @Nullable WatchdogThread watcher;

  static {
    try {
      COUNT = MethodHandles.lookup().findVarHandle(ExchangeWatchdog.class, "count", long.class);
      LIMIT = MethodHandles.lookup().findVarHandle(ExchangeWatchdog.class, "limit", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final long timeoutNanos;
  private final Runnable onTimeout;
  /** Odd while an exchange is under way. Written by who has the channel, read by the watcher. */
  @SuppressWarnings("UnusedVariable") // By its handle.
  private long count;
  /**
   * How long the exchange may take that is under way, nanoseconds. Written before the count that begins it and after that
   * which ended the one before: who reads it between two equal counts has that of this exchange.
   */
  @SuppressWarnings("UnusedVariable") // By its handle.
  private long limit;
  private volatile boolean expired;

  /** The watcher's: what it saw, and since when. */
  private long seen;
  private long seenSince;

  private ExchangeWatchdog(Duration timeout, Runnable giveUp) {
    this.timeoutNanos = timeout.toNanos();
    this.limit = timeoutNanos;
    this.onTimeout = giveUp;
  }

  /**
   * Begins to watch.
   *
   * @param timeout how long an exchange may take, unless it says otherwise; it may last a quarter longer
   * @param giveUp ends it from another thread, and must not wait
   */
  static ExchangeWatchdog start(Duration timeout, Runnable giveUp) {
    ExchangeWatchdog watch = new ExchangeWatchdog(timeout, giveUp);
    LOCK.lock();
    try {
      if (watcher == null) {
        watcher = new WatchdogThread();
        watcher.thread.start();
      }
      watcher.add(watch);
    } finally {
      LOCK.unlock();
    }
    return watch;
  }

  /** An exchange begins. One at a time, under the lock of who exchanges. */
  void begin() {
    begin(timeoutNanos);
  }

  /** An exchange begins that may take so many nanoseconds, at least as many as usual. */
  void begin(long limitNanos) {
    if (limit != limitNanos) {
      LIMIT.setRelease(this, limitNanos);
    }
    COUNT.setRelease(this, count + 1);
  }

  /** The exchange has ended, well or not. */
  void end() {
    COUNT.setRelease(this, count + 1);
  }

  /** Tells whether an exchange was ended because it took too long. */
  boolean hasExpired() {
    return expired;
  }

  /** Looks, and returns in how many nanoseconds to look again. */
  private long check(long now) {
    long current = (long) COUNT.getAcquire(this);
    if (current != seen) {
      seen = current;
      seenSince = now;
    }
    boolean isBusy = (current & 1) != 0;
    long allowed = (long) LIMIT.getAcquire(this);
    boolean isSame = (long) COUNT.getAcquire(this) == current;
    if (isBusy && isSame && !expired && now - seenSince >= allowed) {
      expired = true;
      onTimeout.run();
    }
    return Math.max(1, timeoutNanos / 4);
  }

  @Override
  public void close() {
    Thread ending = null;
    LOCK.lock();
    try {
      WatchdogThread current = watcher;
      if (current != null && current.remove(this)) {
        watcher = null;
        ending = current.thread;
      }
    } finally {
      LOCK.unlock();
    }
    if (ending != null) {
      Threads.joinUninterruptibly(ending);
    }
  }

  /** The thread, and whom it watches. */
  private static final class WatchdogThread {

    private final Thread thread =
        Thread.ofPlatform().name("vfio-user-watch").daemon().unstarted(this::run);
    private final Set<ExchangeWatchdog> watchdogs = new HashSet<>();
    private final Condition changed = LOCK.newCondition();
    private boolean stopping;

    void add(ExchangeWatchdog watch) {
      watchdogs.add(watch);
      changed.signal();
    }

    /** Returns whether that was the last one. */
    boolean remove(ExchangeWatchdog watch) {
      if (!watchdogs.remove(watch)) {
        return false;
      }
      stopping = watchdogs.isEmpty();
      changed.signal();
      return stopping;
    }

    private void run() {
      LOCK.lock();
      try {
        while (!stopping) {
          long now = System.nanoTime();
          long wait = Long.MAX_VALUE;
          for (ExchangeWatchdog watch : watchdogs) {
            wait = Math.min(wait, watch.check(now));
          }
          changed.awaitNanos(wait);
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException("nobody interrupts this thread", e);
      } finally {
        LOCK.unlock();
      }
    }
  }
}
