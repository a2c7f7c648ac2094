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
 * How the thread of one side waits for the others of that side: it looks after the connection meanwhile, and calls
 * the rest off when something fails. It never leaves before they are done, or the time is over.
 */
public final class TaskWaiter {

  private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final Cancellation cancellation;
  private final Check check;

  public TaskWaiter(Cancellation cancellation, Check look) {
    this.cancellation = cancellation;
    this.check = look;
  }

  /** Returns one that looks after nothing else, for what goes on whatever becomes of the connection. */
  public static TaskWaiter unwatched() {
    return unwatched(new Cancellation());
  }

  /** Returns one that looks after nothing else, and calls off others when something fails. */
  public static TaskWaiter unwatched(Cancellation cancellation) {
    return new TaskWaiter(cancellation, () -> {
    });
  }

  /** What is looked after meanwhile. */
  @FunctionalInterface
  public interface Check {

    void check() throws IOException;
  }

  /**
   * Waits for all.
   *
   * @param limit how long; whatever is to be waited for without a limit gets one when it has been called off
   * @return whether all are done
   * @throws IOException what made one of them fail, or is wrong with the connection, or that this thread was
   *     interrupted; all of them are done then, or the time is over
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
   * How long to wait.
   *
   * @param duration from now on; null for no limit
   * @param afterCancel once it is called off
   */
  public record Limit(@Nullable Duration duration, Duration afterCancel) {

    public static Limit of(Duration limit) {
      return new Limit(limit, limit);
    }

    public static Limit none(Duration calledOff) {
      return new Limit(null, calledOff);
    }
  }

  /** One wait. */
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
        // Looked at below, and at the end.
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

  /** Throws what a thread threw. */
  static void rethrow(Throwable failure) throws IOException {
    switch (failure) {
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IOException(failure);
    }
  }
}
