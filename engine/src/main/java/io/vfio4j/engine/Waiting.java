// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

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
final class Waiting {

  private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final CallOff callOff;
  private final Look look;

  Waiting(CallOff callOff, Look look) {
    this.callOff = callOff;
    this.look = look;
  }

  /** Returns one that looks after nothing else, for what goes on whatever becomes of the connection. */
  static Waiting alone() {
    return alone(new CallOff());
  }

  /** Returns one that looks after nothing else, and calls off others when something fails. */
  static Waiting alone(CallOff callOff) {
    return new Waiting(callOff, () -> {
    });
  }

  /** What is looked after meanwhile. */
  @FunctionalInterface
  interface Look {

    void look() throws IOException;
  }

  /**
   * Waits for all.
   *
   * @param limit how long; whatever is to be waited for without a limit gets one when it has been called off
   * @return whether all are done
   * @throws IOException what made one of them fail, or is wrong with the connection, or that this thread was
   *     interrupted; all of them are done then, or the time is over
   */
  boolean await(List<? extends CompletableFuture<?>> futures, Limit limit) throws IOException {
    Wait wait = new Wait(futures, limit);
    boolean done = wait.run();
    Throwable failure = Futures.failure(futures);
    if (wait.ownFailure != null && (failure == null || Futures.isConsequence(failure))) {
      failure = wait.ownFailure;
    }
    if (failure != null) {
      throwIt(failure);
    }
    return done;
  }

  /**
   * How long to wait.
   *
   * @param atOnce from now on; null for no limit
   * @param calledOff once it is called off
   */
  record Limit(@Nullable Duration atOnce, Duration calledOff) {

    static Limit of(Duration limit) {
      return new Limit(limit, limit);
    }

    static Limit none(Duration calledOff) {
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
    private boolean calledOff;
    private boolean interrupted;
    private @Nullable Throwable ownFailure;

    Wait(List<? extends CompletableFuture<?>> futures, Limit limit) {
      this.futures = futures;
      this.all = CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new));
      this.limit = limit;
      if (limit.atOnce() != null) {
        limit(limit.atOnce());
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
          lookAround();
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
        fail(Interrupted.cause(e));
      }
    }

    private void lookAround() {
      if (!calledOff && Futures.anyFailed(futures)) {
        callOff();
      }
      if (!calledOff) {
        try {
          look.look();
        } catch (IOException | RuntimeException | Error e) {
          fail(e);
        }
      }
    }

    private void fail(Throwable failure) {
      if (ownFailure == null) {
        ownFailure = failure;
      }
      if (!calledOff) {
        callOff();
      }
    }

    private void callOff() {
      calledOff = true;
      callOff.call();
      if (!isLimited) {
        limit(limit.calledOff());
      }
    }
  }

  /** Throws what a thread threw. */
  static void throwIt(Throwable failure) throws IOException {
    switch (failure) {
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IOException(failure);
    }
  }
}
