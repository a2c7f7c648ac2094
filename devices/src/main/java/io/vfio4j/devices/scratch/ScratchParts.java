// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.DmaMemory;
import java.nio.ByteBuffer;
import java.util.function.LongSupplier;

/**
 * What a scratch device does things with.
 *
 * @param running the time in which the device runs
 * @param dmaTime the time in which it may start DMA
 */
record ScratchParts(ScratchMemory memory, RunningClock running, RunningClock dmaTime, Failures failures,
    InterruptLines lines, DmaEngine dma, ScratchTimer timer, TrafficGenerator traffic, ChurnGenerator churn) {

  static ScratchParts create(ScratchMemory memory, DmaMemory bus, InterruptLines lines,
      LongSupplier nanoTime) {
    RunningClock running = new RunningClock(nanoTime);
    RunningClock dmaTime = new RunningClock(nanoTime);
    Failures failures = new Failures();
    return new ScratchParts(memory, running, dmaTime, failures, lines,
        new DmaEngine(memory, bus, failures, lines), new ScratchTimer(lines, running),
        new TrafficGenerator(bus, failures, dmaTime), new ChurnGenerator(memory, running));
  }

  /** Tells whether a device starts DMA in a state. */
  static boolean startsDma(DeviceState state) {
    return state.isRunning() && !state.isPeerQuiescent();
  }

  /** Lets time pass, or not, as it does in a state. */
  void enter(DeviceState state) {
    running.setRunning(state.isRunning());
    dmaTime.setRunning(startsDma(state));
    lines.setRunning(state.isRunning());
  }

  /** Does what is due in a state by the outer clock. Returns when to call again. */
  long runDue(DeviceState state, long now) {
    if (!state.isRunning()) {
      return Long.MAX_VALUE;
    }
    long time = running.at(now);
    long next = outer(now, time, Math.min(timer.runDue(time), churn.runDue(time)));
    if (startsDma(state)) {
      long dmaNow = dmaTime.at(now);
      next = Math.min(next, outer(now, dmaNow, traffic.runDue(dmaNow)));
      dma.step();
      next = dma.isBusy() ? now : next;
    }
    return next;
  }

  private static long outer(long now, long time, long due) {
    return due == Long.MAX_VALUE ? Long.MAX_VALUE : now + Math.max(0, due - time);
  }

  void reset() {
    memory.reset();
    failures.reset();
    lines.reset();
    dma.reset();
    timer.reset();
    traffic.reset();
    churn.reset();
  }

  void save(ByteBuffer image) {
    dma.save(image);
    failures.save(image);
    timer.save(image);
    traffic.save(image);
    churn.save(image);
    lines.save(image);
  }

  void load(ByteBuffer image, ScratchFaults faults) {
    dma.load(image);
    failures.load(image);
    timer.load(image);
    traffic.load(image, faults);
    churn.load(image);
    lines.load(image);
  }
}
