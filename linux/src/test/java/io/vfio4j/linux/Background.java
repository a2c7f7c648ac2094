// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** A call on another thread. */
final class Background<T> {

  private final FutureTask<T> task;

  private Background(Callable<T> call) {
    task = new FutureTask<>(call);
    Thread.ofPlatform().name("background").daemon().start(task);
  }

  static <T> Background<T> start(Callable<T> call) {
    return new Background<>(call);
  }

  /** Waits for the result; rethrows the exception of the call. */
  T result() throws Exception {
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
