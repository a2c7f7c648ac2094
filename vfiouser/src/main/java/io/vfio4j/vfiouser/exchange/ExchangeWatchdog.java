// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.exchange;

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
 * Bounds the duration of a client's exchanges, including ones that a peer keeps alive with trickling bytes.
 *
 * <p>
 * A socket timeout would bound each wait instead of the exchange, and cost a kernel timer for each. Here an
 * exchange costs two writes of a counter, which one thread polls for all clients of the process. The thread
 * starts with the first client and ends with the last.
 */
public final class ExchangeWatchdog implements AutoCloseable {

  private static final VarHandle COUNT;
  private static final VarHandle LIMIT;
  private static final ReentrantLock LOCK = new ReentrantLock();
  /** Guarded by {@link #LOCK}. */
  private static @Nullable WatchdogThread watchdogThread;

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
  /** Odd while an exchange is in progress. Written under the channel's lock, read by the watchdog thread. */
  @SuppressWarnings("UnusedVariable") // Accessed by its VarHandle.
  private long count;
  /**
   * Limit of the current exchange, nanoseconds. Written between the count that ended the previous exchange
   * and the one that begins this: a value read between two equal odd counts belongs to that exchange.
   */
  @SuppressWarnings("UnusedVariable") // Accessed by its VarHandle.
  private long limit;
  private volatile boolean expired;

  /** The last count seen, and since when. Used only by the watchdog thread. */
  private long seen;
  private long seenSince;

  private ExchangeWatchdog(Duration timeout, Runnable onTimeout) {
    this.timeoutNanos = timeout.toNanos();
    this.limit = timeoutNanos;
    this.onTimeout = onTimeout;
  }

  /**
   * Starts a watchdog.
   *
   * @param timeout the default limit of an exchange; it may last up to a quarter longer
   * @param onTimeout ends the exchange, in the watchdog thread; must not block
   */
  public static ExchangeWatchdog start(Duration timeout, Runnable onTimeout) {
    ExchangeWatchdog watchdog = new ExchangeWatchdog(timeout, onTimeout);
    LOCK.lock();
    try {
      if (watchdogThread == null) {
        watchdogThread = new WatchdogThread();
        watchdogThread.thread.start();
      }
      watchdogThread.add(watchdog);
    } finally {
      LOCK.unlock();
    }
    return watchdog;
  }

  /** Begins an exchange with the default limit. The caller holds the channel's lock until {@link #end}. */
  public void begin() {
    begin(timeoutNanos);
  }

  /** Begins an exchange with a limit of its own, at least the default. */
  public void begin(long limitNanos) {
    if (limit != limitNanos) {
      LIMIT.setRelease(this, limitNanos);
    }
    COUNT.setRelease(this, count + 1);
  }

  /** Ends the exchange, successful or not. */
  public void end() {
    COUNT.setRelease(this, count + 1);
  }

  /** Returns whether an exchange has exceeded its limit. */
  public boolean hasExpired() {
    return expired;
  }

  /** Checks the current exchange, and returns the nanoseconds until the next check. */
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
      WatchdogThread current = watchdogThread;
      if (current != null && current.remove(this)) {
        watchdogThread = null;
        ending = current.thread;
      }
    } finally {
      LOCK.unlock();
    }
    if (ending != null) {
      Threads.joinUninterruptibly(ending);
    }
  }

  /** The thread, with the watchdogs that it polls. All fields are guarded by {@link #LOCK}. */
  private static final class WatchdogThread {

    private final Thread thread =
        Thread.ofPlatform().name("vfio-user-watchdog").daemon().unstarted(this::run);
    private final Set<ExchangeWatchdog> watchdogs = new HashSet<>();
    private final Condition changed = LOCK.newCondition();
    private boolean stopping;

    void add(ExchangeWatchdog watchdog) {
      watchdogs.add(watchdog);
      changed.signal();
    }

    /** Removes a watchdog. Returns whether it was the last one. */
    boolean remove(ExchangeWatchdog watchdog) {
      if (!watchdogs.remove(watchdog)) {
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
          for (ExchangeWatchdog watchdog : watchdogs) {
            wait = Math.min(wait, watchdog.check(now));
          }
          changed.awaitNanos(wait);
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException("unexpected interrupt", e);
      } finally {
        LOCK.unlock();
      }
    }
  }
}
