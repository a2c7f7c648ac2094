// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Frees storage that a device no longer uses. The kernel needs about 0.2 s to unmap 1 GiB, while the device's thread has
 * a VMM to serve; so a thread of its own does that, which exists only as long as there is something to free. A failure
 * ends that thread, and nothing else.
 */
final class StorageDisposal implements AutoCloseable {

  private static final int IDLE_SECONDS = 1;

  private final ExecutorService thread;

  StorageDisposal() {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
            Thread.ofPlatform().name("vfio4j-free-memory").daemon().factory());
    pool.allowCoreThreadTimeOut(true);
    thread = pool;
  }

  /** Frees storage soon. Nothing uses it any more. */
  void free(MemoryStorage storage) {
    thread.execute(storage::close);
  }

  /** Waits until everything is freed. */
  @Override
  public void close() {
    thread.close();
  }
}
