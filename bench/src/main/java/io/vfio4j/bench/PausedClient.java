// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;

/**
 * A client that accesses a register again and again from a thread of its own, and measures how long each round trip takes.
 * It is not told of swaps; the longest round trip is the pause that a vCPU sees.
 */
final class PausedClient implements AutoCloseable {

  private final VfioUserClient client;
  private final long intervalNanos;
  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  private final Future<?> result;
  private volatile boolean isStopping;
  private long longest;

  /**
   * Starts the thread.
   *
   * @param intervalNanos how long it sleeps between two accesses; 0 for none
   */
  PausedClient(VfioUserClient client, long intervalNanos) {
    this.client = client;
    this.intervalNanos = intervalNanos;
    this.result = thread.submit(() -> {
      run();
      return true;
    });
  }

  private void run() throws DeviceException {
    for (long number = 1; !isStopping; number++) {
      long began = System.nanoTime();
      client.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, number);
      long written = System.nanoTime();
      long found = client.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH);
      long read = System.nanoTime();
      if (found != number) {
        throw new IllegalStateException("SCRATCH holds %d instead of %d".formatted(found, number));
      }
      record(Math.max(written - began, read - written));
      if (intervalNanos > 0) {
        LockSupport.parkNanos(intervalNanos);
      }
    }
  }

  private synchronized void record(long nanos) {
    longest = Math.max(longest, nanos);
  }

  /** Returns the longest round trip since the last call, milliseconds. */
  synchronized double takeLongest() throws IOException {
    if (result.state() == Future.State.FAILED) {
      throw new IOException("the client failed", result.exceptionNow());
    }
    double millis = longest / 1e6;
    longest = 0;
    return millis;
  }

  @Override
  public void close() {
    isStopping = true;
    thread.close();
  }
}
