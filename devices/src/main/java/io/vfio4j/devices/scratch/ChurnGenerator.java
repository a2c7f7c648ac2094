// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import java.nio.ByteBuffer;

/** Writes 1, 2, 3 and so on to the beginnings of the pages of internal memory in turn, at a steady rate. */
final class ChurnGenerator {

  private final ScratchMemory memory;
  private final RunningClock clock;
  private final Pacer pacer = new Pacer();
  private int rate;
  private long count;

  /**
   * Makes a generator that is off.
   *
   * @param clock runs while the device runs
   */
  ChurnGenerator(ScratchMemory memory, RunningClock clock) {
    this.memory = memory;
    this.clock = clock;
  }

  int rate() {
    return rate;
  }

  void rate(int value) {
    rate = value;
    pacer.restart(rate, clock.now());
  }

  long count() {
    return count;
  }

  /** Makes the changes that are due; times are the clock's. Returns when to call again. */
  long runDue(long now) {
    int due = pacer.due(now);
    for (int i = 0; i < due; i++) {
      long page = Long.remainderUnsigned(count, memory.pages());
      count++;
      memory.putLong(page * ScratchLayout.PAGE_SIZE, count);
    }
    pacer.did(due);
    return pacer.next(now);
  }

  void reset() {
    count = 0;
    rate(0);
  }

  void save(ByteBuffer image) {
    image.putInt(rate).putLong(count);
  }

  void load(ByteBuffer image) {
    rate(image.getInt());
    count = image.getLong();
  }
}
