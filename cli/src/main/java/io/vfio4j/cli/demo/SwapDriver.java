// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.devices.scratch.ScratchLayout;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Drives a device from a thread of its own, as a guest's driver does, and knows nothing of the swaps: it writes a register
 * and reads it back, exchanges numbers by DMA, and waits for interrupts. It stops at the first mistake.
 */
final class SwapDriver implements AutoCloseable {

  private final GuestDevice device;
  private final DmaEcho echo;
  private final LongestGap gap = new LongestGap(System::nanoTime);
  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  private Future<Long> result = CompletableFuture.completedFuture(0L);
  private volatile boolean isStopping;

  SwapDriver(GuestDevice device, DmaEcho echo) {
    this.device = device;
    this.echo = echo;
  }

  void start() {
    result = thread.submit(this::run);
  }

  /** Returns the number that was written last. */
  private long run() throws IOException {
    long number = 0;
    while (!isStopping) {
      number++;
      checkRegister(number);
      echo.exchange();
      gap.onCompleted();
    }
    return number;
  }

  private void checkRegister(long number) throws IOException {
    device.write64(ScratchLayout.SCRATCH, number);
    gap.onCompleted();
    long found = device.read64(ScratchLayout.SCRATCH);
    gap.onCompleted();
    if (found != number) {
      throw new IOException("SCRATCH holds %d instead of %d".formatted(found, number));
    }
  }

  LongestGap gap() {
    return gap;
  }

  /**
   * Waits until the device has completed further operations.
   *
   * @throws IOException if the driver has found a mistake
   */
  void awaitOperations(int count) throws IOException, InterruptedException {
    long wanted = gap.operations() + count;
    while (gap.operations() < wanted) {
      if (result.state() == Future.State.FAILED) {
        throw failure(result.exceptionNow());
      }
      Thread.sleep(1);
    }
  }

  private static IOException failure(Throwable cause) {
    return new IOException("the driver failed: " + cause.getMessage(), cause);
  }

  /**
   * Stops the driver, and returns the number that the register must hold.
   *
   * @throws IOException if the driver has found a mistake
   */
  long stop() throws IOException {
    close();
    if (result.state() == Future.State.FAILED) {
      throw failure(result.exceptionNow());
    }
    return result.resultNow();
  }

  /** Stops the driver, and waits for the operation that it has begun. */
  @Override
  public void close() {
    isStopping = true;
    thread.close();
  }
}
