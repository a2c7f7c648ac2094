// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.model.DeviceState;
import java.util.List;

/** Schedules a device's own work: timers, pacers and DMA tasks. */
final class DeviceScheduler {

  /** A task's steps are short, because they may wait for memory accessed by message; several run at once. */
  private static final int MAX_STEPS = 16;

  /** Ends the steps of a task after the one that exceeds it, so that the device's thread also handles messages. */
  private static final long MAX_STEPS_NANOS = 1_000_000L;

  private final RunState runState;
  private final DmaGate gate;
  private final ScheduledWork[] scheduled;
  private final ScheduledDma[] dma;
  private final DmaTask[] tasks;

  /**
   * Creates a scheduler.
   *
   * @param scheduled work for which time passes while the device runs
   * @param dma work for which time passes while its DMA is permitted
   * @param tasks work that runs as soon as its DMA is permitted
   */
  DeviceScheduler(RunState runState, DmaGate gate, List<ScheduledWork> scheduled, List<ScheduledDma> dma,
      List<DmaTask> tasks) {
    this.runState = runState;
    this.gate = gate;
    this.scheduled = scheduled.toArray(ScheduledWork[]::new);
    this.dma = dma.toArray(ScheduledDma[]::new);
    this.tasks = tasks.toArray(DmaTask[]::new);
  }

  /** Starts or stops the clocks of DMA work on entry to a state. */
  void enter(DeviceState state) {
    for (ScheduledDma one : dma) {
      one.clock().setRunning(gate.isOpen(state, one.range()));
    }
  }

  /** Completes, before a state is left, the DMA that is not permitted in the next one. */
  void leave(DeviceState from, DeviceState to) {
    for (DmaTask task : tasks) {
      if (task.isBusy() && gate.isOpen(from, task.range()) && !gate.isOpen(to, task.range())) {
        task.finish();
      }
    }
  }

  /** Runs the work that is due by the outer clock, and returns when to call again. */
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
    // Mappings, or the range itself, may have changed since the state was entered.
    boolean open = gate.isOpen(runState.state(), one.range());
    one.clock().setRunning(open, now);
    if (!open) {
      return Long.MAX_VALUE;
    }
    long time = one.clock().runningTimeAt(now);
    return toOuterTime(now, time, one.work().runDue(time));
  }

  /** Runs steps of a task, and returns whether more can run at once. */
  private boolean runDue(DmaTask task) {
    long begun = runState.clock().now();
    int steps = 0;
    while (canRun(task) && steps < MAX_STEPS && runState.clock().now() - begun <= MAX_STEPS_NANOS) {
      task.runStep();
      steps++;
    }
    return canRun(task);
  }

  private boolean canRun(DmaTask task) {
    return task.isBusy() && gate.isOpen(runState.state(), task.range());
  }

  private static long toOuterTime(long now, long time, long due) {
    return due == Long.MAX_VALUE ? Long.MAX_VALUE : now + Math.max(0, due - time);
  }
}
