// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.device;

import io.vfio4j.engine.util.Futures;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A device and the thread that makes all calls to it, one after the other. A call that never returns blocks
 * its thread, which is a daemon and does not keep the process alive.
 */
public final class DeviceThread implements AutoCloseable {

  private final MigratingDevice device;
  private final ExecutorService thread;

  DeviceThread(MigratingDevice device, String threadName) {
    this.device = device;
    this.thread = Executors.newSingleThreadExecutor(
        Thread.ofPlatform().name(threadName).daemon(true).factory());
  }

  /** A task with the device, run in its thread. */
  @FunctionalInterface
  public interface Task<T> {
    T run(MigratingDevice device) throws Exception;
  }

  MigratingDevice device() {
    return device;
  }

  /** Queues a task behind those already submitted. */
  public <T> CompletableFuture<T> submit(Task<T> task) {
    return Futures.submit(thread, () -> task.run(device));
  }

  /** Closes the device's data session after the current task, and ends the thread. */
  @Override
  public void close() {
    CompletableFuture<MigratingDevice> closed = submit(moved -> {
      moved.close();
      return moved;
    });
    thread.shutdown();
    if (!device.isHung()) {
      closed.join();
    }
  }
}
