// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import io.vfio4j.vfiouser.wire.Threads;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/** A call in its own thread. */
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

  public Thread thread() {
    return thread;
  }

  /** Waits for the end, and returns the exception of the call, or null. */
  public @Nullable Throwable failure() {
    Threads.joinUninterruptibly(thread);
    return task.state() == Future.State.FAILED ? task.exceptionNow() : null;
  }

  /** Waits for the thread to end, and returns the result or throws the exception of the call. */
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
