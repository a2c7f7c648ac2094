// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateItem;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;

/**
 * Work with DMA, done in pieces: what a command register starts. It waits while its DMA may not be started,
 * and what was begun is finished before the device is quiet or stopped. Work that waits is saved with the
 * device's state and done at the target.
 */
public final class DmaTask implements StateItem {

  private final String name;
  private final DmaRange range;
  private final BooleanSupplier step;
  private boolean busy;
  /** A piece may wait for memory that its owner keeps, and the device is accessed meanwhile. */
  private boolean inStep;
  private boolean startedInStep;

  DmaTask(String name, DmaRange range, BooleanSupplier piece) {
    this.name = name;
    this.range = range;
    this.step = piece;
  }

  /** Has the work done, from the next turn of the device on; nothing new if it is busy. */
  public void start() {
    busy = true;
    startedInStep = inStep;
  }

  /** Has it not done, or not done on. */
  public void cancel() {
    busy = false;
    startedInStep = false;
  }

  /** Tells whether work waits or is being done. */
  public boolean isBusy() {
    return busy;
  }

  /** Returns where the DMA of the work that is there goes. */
  DmaRange range() {
    return range;
  }

  /** Does the next piece, if there is one. */
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

  /** Does all pieces that are left. */
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
