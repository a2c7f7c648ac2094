// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.device;

import io.vfio4j.engine.util.Futures;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A device and the thread that drives it: calls to one device are made one after the other, those to different
 * devices at once. A call that never returns keeps its thread, which does not keep the process.
 */
public final class DeviceThread implements AutoCloseable {

  private final MigratingDevice device;
  private final ExecutorService thread;

  DeviceThread(MigratingDevice device, String threadName) {
    this.device = device;
    this.thread = Executors.newSingleThreadExecutor(
        Thread.ofPlatform().name(threadName).daemon(true).factory());
  }

  /** What is done with a device, in its thread. */
  @FunctionalInterface
  public interface Task<T> {
    T run(MigratingDevice device) throws Exception;
  }

  MigratingDevice device() {
    return device;
  }

  /** Lets the thread do something once it is done with all before. */
  public <T> CompletableFuture<T> submit(Task<T> task) {
    return Futures.submit(thread, () -> task.run(device));
  }

  /** Lets go of the device's data session, once the thread is done with what it does. */
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
