// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;

/**
 * Consumes a scratch device's traffic as a driver consumes a ring: it takes the writes in order, and clears each slot. So a
 * lost write leaves its slot empty, and a repeated one fills a slot that has been cleared. Its thread never waits for the
 * device, so it also takes the last writes before a swap while the device is stopped.
 */
final class TrafficConsumer implements AutoCloseable {

  private static final long POLL_NANOS = 100_000;

  private final TrafficSlots slots;
  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  private volatile boolean isStopping;
  /** Used by the thread, and by others before it starts and after it has ended. */
  private long consumed;

  TrafficConsumer(TrafficSlots slots) {
    this.slots = slots;
  }

  /** Starts a thread that consumes the traffic. */
  void start() {
    thread.execute(this::run);
  }

  private void run() {
    while (!isStopping) {
      consume();
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  /** Takes the writes that have arrived. The traffic must not be a whole round of the slots ahead. */
  void consume() {
    while (slots.get(slots.slotAfter(consumed)) == consumed + 1) {
      slots.clearSlot(slots.slotAfter(consumed));
      consumed++;
    }
  }

  /** Stops the thread. */
  @Override
  public void close() {
    isStopping = true;
    thread.close();
  }

  /**
   * Takes the last writes, and checks that each arrived once. The thread must not be running.
   *
   * @param written how many the device has made; it must be stopped
   * @return a description of what is wrong
   */
  Optional<String> finish(long written) {
    consume();
    if (consumed != written) {
      return Optional
          .of("of %d writes, %d arrived in order; the next slot holds %d".formatted(written, consumed,
              slots.get(slots.slotAfter(consumed))));
    }
    for (long slot = 0; slot < slots.count(); slot++) {
      if (slots.get(slot) != 0) {
        return Optional.of("write %d arrived again".formatted(slots.get(slot)));
      }
    }
    return Optional.empty();
  }
}
