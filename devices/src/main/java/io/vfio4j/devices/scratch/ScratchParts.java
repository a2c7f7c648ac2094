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
 * @param trafficTime the time in which its traffic may go on
 */
record ScratchParts(ScratchMemory memory, RunningClock running, RunningClock trafficTime, DmaGate gate,
    Failures failures,
    InterruptLines lines, DmaEngine dma, ScratchTimer timer, TrafficGenerator traffic, ChurnGenerator churn) {

  static ScratchParts create(ScratchMemory memory, DmaMemory bus, InterruptLines lines,
      LongSupplier nanoTime) {
    RunningClock running = new RunningClock(nanoTime);
    RunningClock trafficTime = new RunningClock(nanoTime);
    Failures failures = new Failures();
    return new ScratchParts(memory, running, trafficTime, new DmaGate(bus), failures, lines,
        new DmaEngine(memory, bus, failures, lines), new ScratchTimer(lines, running),
        new TrafficGenerator(bus, failures, trafficTime), new ChurnGenerator(memory, running));
  }

  /** Lets time pass, or not, as it does in a state. */
  void enter(DeviceState state) {
    running.setRunning(state.isRunning());
    trafficTime.setRunning(trafficFlows(state));
    lines.setRunning(state.isRunning());
  }

  private boolean trafficFlows(DeviceState state) {
    return gate.isOpen(state, traffic.iova(), traffic.length());
  }

  /** Tells whether the command that is there may be carried out in a state. */
  private boolean commandRuns(DeviceState state) {
    return dma.isBusy() && gate.isOpen(state, dma.commandIova(), dma.commandLength());
  }

  /** Does what has to be done before a state is left: a command that may not go on in the next is finished. */
  void leave(DeviceState from, DeviceState to) {
    if (commandRuns(from) && !commandRuns(to)) {
      dma.finish();
    }
  }

  /** Does what is due in a state by the outer clock. Returns when to call again. */
  long runDue(DeviceState state, long now) {
    if (!state.isRunning()) {
      return Long.MAX_VALUE;
    }
    long time = running.at(now);
    long next = outer(now, time, Math.min(timer.runDue(time), churn.runDue(time)));
    // What is mapped may have changed since the state was entered, and so where traffic and command go.
    boolean flows = trafficFlows(state);
    trafficTime.setRunning(flows, now);
    if (flows) {
      long trafficNow = trafficTime.at(now);
      next = Math.min(next, outer(now, trafficNow, traffic.runDue(trafficNow)));
    }
    if (commandRuns(state)) {
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
