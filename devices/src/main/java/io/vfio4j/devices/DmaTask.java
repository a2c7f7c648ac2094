// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateItem;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;

/**
 * Work that performs DMA in steps, typically started by a command register: idle → busy → idle. A busy task waits while
 * the migration state does not permit its DMA. A task that has started is completed before the device quiesces or stops;
 * one that still waits is saved with the state, and runs at the target.
 */
@SuppressWarnings("exports") // StateItem is how the device core saves it, of no use to others.
public final class DmaTask implements StateItem {

  private final String name;
  private final DmaRange range;
  private final BooleanSupplier step;
  private boolean busy;
  /** A step may wait for opaque memory, during which the device handles accesses, which may call {@link #start}. */
  private boolean inStep;
  private boolean startedInStep;

  DmaTask(String name, DmaRange range, BooleanSupplier step) {
    this.name = name;
    this.range = range;
    this.step = step;
  }

  /** Starts the work. The device runs the first step when it next runs its own work. */
  public void start() {
    busy = true;
    startedInStep = inStep;
  }

  /** Cancels the work; steps that have run are not undone. */
  public void cancel() {
    busy = false;
    startedInStep = false;
  }

  /** Returns whether the work has been started and is not complete. */
  public boolean isBusy() {
    return busy;
  }

  /** Returns the range that the work accesses. */
  DmaRange range() {
    return range;
  }

  /** Runs the next step, if the task is busy. */
  void runStep() {
    if (!busy || inStep) {
      return;
    }
    inStep = true;
    startedInStep = false;
    boolean more;
    try {
      more = step.getAsBoolean();
    } finally {
      inStep = false;
    }
    if (!more && !startedInStep) {
      busy = false;
    }
  }

  /** Runs all remaining steps. */
  void finish() {
    while (busy && !inStep) {
      runStep();
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int bytes() {
    return Byte.BYTES;
  }

  @Override
  public void save(ByteBuffer to) {
    to.put((byte) (busy ? 1 : 0));
  }

  @Override
  public void load(ByteBuffer from) {
    busy = from.get() != 0;
  }

  @Override
  public void reset() {
    cancel();
  }
}
