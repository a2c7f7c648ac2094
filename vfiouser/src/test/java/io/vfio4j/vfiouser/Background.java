// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/** A call on a thread of its own. */
final class Background<T> {

  private final FutureTask<T> task;
  private final Thread thread;

  private Background(String name, Callable<T> call) {
    task = new FutureTask<>(call);
    thread = Thread.ofPlatform().name(name).daemon().start(task);
  }

  static <T> Background<T> start(String name, Callable<T> call) {
    return new Background<>(name, call);
  }

  Thread thread() {
    return thread;
  }

  /** Waits for the end, and returns what the call threw. */
  @Nullable
  Throwable failure() {
    Joining.join(thread);
    return task.state() == Future.State.FAILED ? task.exceptionNow() : null;
  }

  /** Waits for the result, and throws what the call threw. The thread has ended then. */
  T result() throws Exception {
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
