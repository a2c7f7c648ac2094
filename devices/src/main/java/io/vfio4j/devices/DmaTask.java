// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

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
  private final BooleanSupplier piece;
  private boolean busy;
  /** A piece may wait for memory that its owner keeps, and the device is accessed meanwhile. */
  private boolean inPiece;
  private boolean startedInPiece;

  DmaTask(String name, DmaRange range, BooleanSupplier piece) {
    this.name = name;
    this.range = range;
    this.piece = piece;
  }

  /** Has the work done, from the next turn of the device on; nothing new if it is busy. */
  public void start() {
    busy = true;
    startedInPiece = inPiece;
  }

  /** Has it not done, or not done on. */
  public void cancel() {
    busy = false;
    startedInPiece = false;
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
  void step() {
    if (!busy || inPiece) {
      return;
    }
    inPiece = true;
    startedInPiece = false;
    boolean more;
    try {
      more = piece.getAsBoolean();
    } finally {
      inPiece = false;
    }
    if (!more && !startedInPiece) {
      busy = false;
    }
  }

  /** Does all pieces that are left. */
  void finish() {
    while (busy && !inPiece) {
      step();
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
