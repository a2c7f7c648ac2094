// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import java.io.InterruptedIOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Runs tasks in threads, and keeps their exceptions as thrown. */
public final class Futures {

  private Futures() {
  }

  public static <T> CompletableFuture<T> submit(Executor executor, Callable<T> task) {
    CompletableFuture<T> future = new CompletableFuture<>();
    executor.execute(() -> {
      try {
        future.complete(task.call());
      } catch (Throwable e) {
        future.completeExceptionally(e);
      }
    });
    return future;
  }

  /** Returns whether a task has failed. */
  static boolean anyFailed(List<? extends CompletableFuture<?>> futures) {
    return futures.stream().anyMatch(CompletableFuture::isCompletedExceptionally);
  }

  /**
   * Returns the primary failure of the completed tasks, preferably not a consequence of another one; the
   * others are suppressed in it.
   */
  static @Nullable Throwable failure(List<? extends CompletableFuture<?>> futures) {
    Throwable first = null;
    for (CompletableFuture<?> future : futures) {
      if (future.isCompletedExceptionally()) {
        Throwable failure = future.exceptionNow();
        if (first == null || isConsequence(first)) {
          first = failure;
        } else if (!isConsequence(failure)) {
          Exceptions.suppress(first, failure);
        }
      }
    }
    return first;
  }

  /** Returns whether a task failed only because another one did. */
  static boolean isConsequence(Throwable failure) {
    return failure instanceof CancelledException || failure instanceof InterruptedIOException;
  }
}
