// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.Locale;
import java.util.Set;

/**
 * What a side puts down about who owns the devices of a migration. What may follow what is the whole rule: of two
 * records that exclude each other, only the first is ever written.
 */
public enum JournalStep {
  /** Both sides: the migration is about to begin; no device has been touched. */
  PREPARED,
  /** The source, before it says <em>yours</em>: from here on only the target's word gives the devices back. */
  GIVEN,
  /** The source: the target runs the devices. */
  CONFIRMED,
  /** The source: it never gave its devices away, and has them. */
  KEPT,
  /** The source, by a person's word: whatever became of them, its devices are not to run here. */
  ABANDONED,
  /** The target, before any device is told to run: they are the target's. */
  COMMITTED,
  /** The target: the devices run. */
  RUNNING,
  /** The target, when it was asked: the devices are not its own, and never will be. */
  REFUSED,
  /**
   * The target: its devices do not run with the state, and will not. The source: it knows that, and its devices are
   * its own again.
   */
  RETURNED;

  /** Returns what may follow on a side; nothing, where everything is settled. */
  public Set<JournalStep> next(Side side) {
    boolean atSource = side == Side.SOURCE;
    return switch (this) {
      case PREPARED -> atSource ? Set.of(GIVEN, KEPT) : Set.of(COMMITTED, REFUSED, RETURNED);
      case GIVEN -> atSource ? Set.of(CONFIRMED, RETURNED, KEPT, ABANDONED) : Set.of();
      case COMMITTED -> atSource ? Set.of() : Set.of(RUNNING, RETURNED);
      case CONFIRMED, KEPT, ABANDONED, RUNNING, REFUSED, RETURNED -> Set.of();
    };
  }

  /** Returns the name in lower case, as in {@code prepared}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
