// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.DmaMemory;
import java.nio.ByteBuffer;

/** Writes 1, 2, 3 and so on to slots of memory in turn, at a steady rate. */
final class TrafficGenerator {

  private final DmaMemory dma;
  private final Failures failures;
  private final RunningClock clock;
  private final Pacer pacer = new Pacer();
  private long iova;
  private int slots;
  private int rate;
  private long count;

  /**
   * Makes a generator that is off.
   *
   * @param clock runs while the traffic may go on
   */
  TrafficGenerator(DmaMemory dma, Failures failures, RunningClock clock) {
    this.dma = dma;
    this.failures = failures;
    this.clock = clock;
  }

  long iova() {
    return iova;
  }

  void iova(long value) {
    iova = value;
  }

  int slots() {
    return slots;
  }

  void slots(int value) {
    slots = value;
    restart();
  }

  int rate() {
    return rate;
  }

  void rate(int value) {
    rate = value;
    restart();
  }

  long count() {
    return count;
  }

  /** Returns the bytes of all slots. */
  long length() {
    return Integer.toUnsignedLong(slots) * Long.BYTES;
  }

  private void restart() {
    pacer.restart(slots == 0 ? 0 : rate, clock.now());
  }

  /** Does the writes that are due; times are the clock's. Returns when to call again. */
  long runDue(long now) {
    int due = pacer.due(now);
    for (int i = 0; i < due; i++) {
      if (!writeNext()) {
        return Long.MAX_VALUE;
      }
    }
    pacer.did(due);
    return pacer.next(now);
  }

  private boolean writeNext() {
    long slot = Long.remainderUnsigned(count, Integer.toUnsignedLong(slots));
    try {
      dma.writeLong(iova + slot * Long.BYTES, count + 1);
    } catch (ErrnoException e) {
      failures.failed(e.errno());
      rate(0);
      return false;
    }
    count++;
    return true;
  }

  void reset() {
    iova = 0;
    slots = 0;
    count = 0;
    rate(0);
  }

  void save(ByteBuffer image) {
    image.putLong(iova).putInt(slots).putInt(rate).putLong(count);
  }

  void load(ByteBuffer image, ScratchFaults faults) {
    iova = image.getLong();
    slots = image.getInt();
    rate = image.getInt();
    count = faults.loadedTraffic(image.getLong());
    restart();
  }
}
