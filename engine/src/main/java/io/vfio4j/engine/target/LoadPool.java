// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.target;

import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.util.Cancellation;
import io.vfio4j.engine.util.Futures;
import io.vfio4j.engine.util.TaskWaiter;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Loads over all connections of the target at once, each in its own thread, so that a slow device does not
 * delay the others. If one fails, the others are cancelled.
 */
public final class LoadPool {

  private final List<StateLoader> loaders;
  private final DeviceGroup group;
  private final Cancellation cancellation;
  private final TaskWaiter waiter;

  public LoadPool(List<StateLoader> loaders, DeviceGroup group, Cancellation cancellation,
      TaskWaiter waiter) {
    this.loaders = loaders;
    this.group = group;
    this.cancellation = cancellation;
    this.waiter = waiter;
  }

  /** Loads everything, and returns the number of bytes. */
  public long run() throws IOException {
    ExecutorService threads = Executors.newFixedThreadPool(loaders.size(),
        Thread.ofPlatform().name("vfio4j-load-", 0).daemon(true).factory());
    cancellation.onCancel(threads::shutdownNow);
    List<CompletableFuture<Long>> calls =
        loaders.stream().map(loader -> Futures.submit(threads, loader::run)).toList();
    try {
      boolean done = waiter.await(calls, TaskWaiter.Limit.none(group.arcTimeout()));
      if (!done) {
        throw new IllegalStateException("a wait without a limit ended");
      }
      return calls.stream().mapToLong(CompletableFuture::resultNow).sum();
    } finally {
      noteHung(calls);
      threads.shutdown();
    }
  }

  /** Marks the devices of threads that are still in a write as hung: no other thread may call them. */
  private void noteHung(List<CompletableFuture<Long>> calls) {
    for (int i = 0; i < calls.size(); i++) {
      if (!calls.get(i).isDone()) {
        loaders.get(i).devices().stream().forEach(number -> group.devices().get(number).markHung());
      }
    }
  }
}
