// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.Locale;
import java.util.Set;

/**
 * A record in a journal about who owns the devices of a migration. {@link #next} is the whole protocol: of two records that
 * exclude each other, only the first is ever written.
 *
 * <pre>
 * source  PREPARED &gt; GIVEN | KEPT       GIVEN &gt; CONFIRMED | RETURNED | KEPT | ABANDONED
 * target  PREPARED &gt; COMMITTED | REFUSED | RETURNED       COMMITTED &gt; RUNNING | RETURNED
 * </pre>
 */
public enum JournalStep {
  /** Both sides: the migration begins; no device has been touched. */
  PREPARED,
  /** The source, before the first byte of COMMIT: from now on only the target can return the devices. */
  GIVEN,
  /** The source: the target runs the devices. */
  CONFIRMED,
  /** The source: it has not sent COMMIT and keeps its devices. */
  KEPT,
  /** The source, by an operator's decision: its devices must not run here, whatever happened to them. */
  ABANDONED,
  /** The target, before any device leaves STOP: it owns the devices. */
  COMMITTED,
  /** The target: the devices run. */
  RUNNING,
  /** The target, in answer to an ownership query: it does not own the devices and never will. */
  REFUSED,
  /**
   * The target: its devices do not run with the state, and will not. The source: it knows this and owns its
   * devices again.
   */
  RETURNED;

  /** Returns the valid successors on a side; none if the record is final. */
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
