// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Waits for the tasks of a side's threads in its coordinating thread. Meanwhile it checks the connection, and
 * cancels the tasks when one of them or the check fails. It returns only when all tasks have ended or the
 * limit has expired.
 */
public final class TaskWaiter {

  private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final Cancellation cancellation;
  private final Check check;

  public TaskWaiter(Cancellation cancellation, Check look) {
    this.cancellation = cancellation;
    this.check = look;
  }

  /** Returns a waiter without a check, for tasks that do not depend on the connection. */
  public static TaskWaiter unwatched() {
    return unwatched(new Cancellation());
  }

  /** Returns a waiter without a check, which cancels the other tasks when one fails. */
  public static TaskWaiter unwatched(Cancellation cancellation) {
    return new TaskWaiter(cancellation, () -> {
    });
  }

  /** The check made while waiting. */
  @FunctionalInterface
  public interface Check {

    void check() throws IOException;
  }

  /**
   * Waits for all tasks.
   *
   * @param limit the limit; a wait without a limit gets one when the tasks are cancelled
   * @return whether all tasks have ended
   * @throws IOException the failure of a task or of the check, or that this thread was interrupted; then all
   *     tasks have ended, or the limit has expired
   */
  public boolean await(List<? extends CompletableFuture<?>> futures, Limit limit) throws IOException {
    Wait wait = new Wait(futures, limit);
    boolean done = wait.run();
    Throwable failure = Futures.failure(futures);
    if (wait.checkFailure != null && (failure == null || Futures.isConsequence(failure))) {
      failure = wait.checkFailure;
    }
    if (failure != null) {
      rethrow(failure);
    }
    return done;
  }

  /**
   * The limit of a wait.
   *
   * @param duration from now on; null for no limit
   * @param afterCancel from the cancellation on
   */
  public record Limit(@Nullable Duration duration, Duration afterCancel) {

    public static Limit of(Duration limit) {
      return new Limit(limit, limit);
    }

    public static Limit none(Duration calledOff) {
      return new Limit(null, calledOff);
    }
  }

  /** One wait; used by the waiting thread. */
  private final class Wait {
    private final List<? extends CompletableFuture<?>> futures;
    private final CompletableFuture<Void> all;
    private final Limit limit;
    private long end;
    private boolean isLimited;
    private boolean cancelled;
    private boolean interrupted;
    private @Nullable Throwable checkFailure;

    Wait(List<? extends CompletableFuture<?>> futures, Limit limit) {
      this.futures = futures;
      this.all = CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new));
      this.limit = limit;
      if (limit.duration() != null) {
        limit(limit.duration());
      }
    }

    private void limit(Duration duration) {
      isLimited = true;
      end = System.nanoTime() + duration.toNanos();
    }

    boolean run() {
      try {
        while (!all.isDone()) {
          long left = isLimited ? end - System.nanoTime() : SLICE_NANOS;
          if (left <= 0) {
            return false;
          }
          waitFor(Math.min(left, SLICE_NANOS));
          runCheck();
        }
        return true;
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }

    private void waitFor(long nanos) {
      try {
        all.get(nanos, TimeUnit.NANOSECONDS);
      } catch (TimeoutException | ExecutionException e) {
        // Handled by runCheck and by the caller of run.
      } catch (InterruptedException e) {
        interrupted = true;
        fail(Interrupts.asIOException(e));
      }
    }

    private void runCheck() {
      if (!cancelled && Futures.anyFailed(futures)) {
        cancelTasks();
      }
      if (!cancelled) {
        try {
          check.check();
        } catch (IOException | RuntimeException | Error e) {
          fail(e);
        }
      }
    }

    private void fail(Throwable failure) {
      if (checkFailure == null) {
        checkFailure = failure;
      }
      if (!cancelled) {
        cancelTasks();
      }
    }

    private void cancelTasks() {
      cancelled = true;
      cancellation.cancel();
      if (!isLimited) {
        limit(limit.afterCancel());
      }
    }
  }

  /** Throws a task's exception. */
  static void rethrow(Throwable failure) throws IOException {
    switch (failure) {
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IOException(failure);
    }
  }
}
