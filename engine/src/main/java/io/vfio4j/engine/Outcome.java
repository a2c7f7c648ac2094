// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

/**
 * What a failed migration left behind, of one device or of all; ordered from good to bad. If the target
 * reports it, which cannot see the source, it is what the handover guarantees about the source.
 */
public enum Outcome {
  /** The device was never touched: the migration was refused before. */
  UNTOUCHED,
  /** The source is in RUNNING with all its state. */
  SOURCE_RUNNING,
  /** The source is in RUNNING, but only after a reset, which lost its state. */
  SOURCE_RESET,
  /**
   * The device is in a P2P state and does everything except peer-to-peer DMA, because another device that it
   * might access is stopped.
   */
  SOURCE_QUIET,
  /** The source is not in RUNNING and could not be moved there; the exception contains its state. */
  SOURCE_STOPPED,
  /** A call that moves the device has not returned; its state is unknown. */
  SOURCE_STUCK,
  /** The source's device is gone; its state is unknown. */
  SOURCE_LOST,
  /**
   * The source sent COMMIT and received no outcome. It stays stopped with its state intact; only the target
   * knows whether its devices run.
   */
  UNKNOWN;

  /** Returns the worse of two outcomes; the worst of all devices is that of the migration. */
  public static Outcome worse(Outcome one, Outcome other) {
    return one.compareTo(other) >= 0 ? one : other;
  }

  /** Returns whether the device runs at the source, with its state. */
  public boolean sourceRuns() {
    return this == UNTOUCHED || this == SOURCE_RUNNING;
  }
}
