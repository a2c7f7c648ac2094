// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A device and the thread that drives it: calls to one device are made one after the other, those to different
 * devices at once. A call that never returns keeps its thread, which does not keep the process.
 */
final class DeviceThread implements AutoCloseable {

  private final MovedDevice device;
  private final ExecutorService thread;

  DeviceThread(MovedDevice device, String threadName) {
    this.device = device;
    this.thread = Executors.newSingleThreadExecutor(
        Thread.ofPlatform().name(threadName).daemon(true).factory());
  }

  /** What is done with a device, in its thread. */
  @FunctionalInterface
  interface Task<T> {
    T run(MovedDevice device) throws Exception;
  }

  MovedDevice device() {
    return device;
  }

  /** Lets the thread do something once it is done with all before. */
  <T> CompletableFuture<T> submit(Task<T> task) {
    return Futures.submit(thread, () -> task.run(device));
  }

  /** Lets go of the device's data session, once the thread is done with what it does. */
  @Override
  public void close() {
    CompletableFuture<MovedDevice> closed = submit(moved -> {
      moved.close();
      return moved;
    });
    thread.shutdown();
    if (!device.isHung()) {
      closed.join();
    }
  }
}
