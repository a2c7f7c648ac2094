// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import io.vfio4j.vfiouser.wire.Threads;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/** A call on a thread of its own. */
public final class BackgroundTask<T> {

  private final FutureTask<T> task;
  private final Thread thread;

  private BackgroundTask(String name, Callable<T> call) {
    task = new FutureTask<>(call);
    thread = Thread.ofPlatform().name(name).daemon().start(task);
  }

  public static <T> BackgroundTask<T> start(String name, Callable<T> call) {
    return new BackgroundTask<>(name, call);
  }

  Thread thread() {
    return thread;
  }

  /** Waits for the end, and returns what the call threw. */
  public @Nullable Throwable failure() {
    Threads.joinUninterruptibly(thread);
    return task.state() == Future.State.FAILED ? task.exceptionNow() : null;
  }

  /** Waits for the result, and throws what the call threw. The thread has ended then. */
  public T result() throws Exception {
    thread.join();
    try {
      return task.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    }
  }
}
