// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

/**
 * What a migration that failed left behind, of a device or of all of them; from good to bad. Told by the target's side, which cannot see the source, it is
 * what the handover guarantees about the source.
 */
public enum Outcome {
  /** The device of the side that tells was never touched: the migration was refused before. */
  UNTOUCHED,
  /** The source is in RUNNING with all its state, as if nothing had happened. */
  SOURCE_RUNNING,
  /** The source is in RUNNING, but it could only get there by a reset, which lost its state. */
  SOURCE_RESET,
  /**
   * The device is in a grace state and does all but peer-to-peer traffic: another one, which it might reach, stands
   * still and could not be helped.
   */
  SOURCE_QUIET,
  /** The source is not in RUNNING and could not be brought there; the exception has its state. */
  SOURCE_STOPPED,
  /** A call that moves the device has not returned; nobody can tell its state. */
  SOURCE_STUCK,
  /** The source's device is gone; nobody can tell its state. */
  SOURCE_LOST,
  /**
   * The source gave its device away and did not hear what became of it. It stays stopped with its state
   * intact; whether the target runs is to be found out there.
   */
  UNKNOWN;

  /** Returns that of two outcomes which is the worse; the worst of all devices is that of the migration. */
  public static Outcome worse(Outcome one, Outcome other) {
    return one.compareTo(other) >= 0 ? one : other;
  }

  /** Tells whether the device goes on at the source, with its state. */
  public boolean sourceRuns() {
    return this == UNTOUCHED || this == SOURCE_RUNNING;
  }
}
