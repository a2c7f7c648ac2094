// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.model.DeviceState;
import java.util.List;

/** What a device does by itself, and when. */
final class DeviceScheduler {

  private final RunState runState;
  private final DmaGate gate;
  private final ScheduledWork[] scheduled;
  private final ScheduledDma[] dma;
  private final DmaTask[] tasks;

  /**
   * Makes it.
   *
   * @param running what happens while the device runs
   * @param dma what happens while its DMA may go on
   */
  DeviceScheduler(RunState run, DmaGate gate, List<ScheduledWork> running, List<ScheduledDma> dma,
      List<DmaTask> tasks) {
    this.runState = run;
    this.gate = gate;
    this.scheduled = running.toArray(ScheduledWork[]::new);
    this.dma = dma.toArray(ScheduledDma[]::new);
    this.tasks = tasks.toArray(DmaTask[]::new);
  }

  /** Lets time pass for DMA, or not, as it does in a state. */
  void enter(DeviceState state) {
    for (ScheduledDma one : dma) {
      one.clock().setRunning(gate.isOpen(state, one.range()));
    }
  }

  /** Does what has to be done before a state is left: DMA that may not go on in the next is finished. */
  void leave(DeviceState from, DeviceState to) {
    for (DmaTask task : tasks) {
      if (task.isBusy() && gate.isOpen(from, task.range()) && !gate.isOpen(to, task.range())) {
        task.finish();
      }
    }
  }

  /** Does what is due by the outer clock. Returns when to call again. */
  long runDue(long now) {
    if (!runState.isRunning()) {
      return Long.MAX_VALUE;
    }
    long next = Long.MAX_VALUE;
    long time = runState.clock().runningTimeAt(now);
    for (ScheduledWork one : scheduled) {
      next = Math.min(next, toOuterTime(now, time, one.runDue(time)));
    }
    for (ScheduledDma one : dma) {
      next = Math.min(next, runDue(one, now));
    }
    for (DmaTask task : tasks) {
      next = runDue(task) ? now : next;
    }
    return next;
  }

  private long runDue(ScheduledDma one, long now) {
    // What is mapped may have changed since the state was entered, and so where it goes.
    boolean flows = gate.isOpen(runState.state(), one.range());
    one.clock().setRunning(flows, now);
    if (!flows) {
      return Long.MAX_VALUE;
    }
    long time = one.clock().runningTimeAt(now);
    return toOuterTime(now, time, one.work().runDue(time));
  }

  private boolean runDue(DmaTask task) {
    if (task.isBusy() && gate.isOpen(runState.state(), task.range())) {
      task.runStep();
      return task.isBusy();
    }
    return false;
  }

  private static long toOuterTime(long now, long time, long due) {
    return due == Long.MAX_VALUE ? Long.MAX_VALUE : now + Math.max(0, due - time);
  }
}
