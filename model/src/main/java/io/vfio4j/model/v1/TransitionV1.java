// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import java.util.List;
import java.util.Optional;

/**
 * One of the twenty transitions between the five plain states of version 1: STOP, RUNNING, STOP_COPY,
 * PRE_COPY and RESUMING.
 *
 * @param arc from where to where
 * @param requirement whether a device must have it
 * @param purpose what users want it for, in a word or two; empty where there is nothing to say
 */
public record TransitionV1(ArcV1 arc, Requirement requirement, String purpose) {

  /** Whether a device must have a transition, and why. */
  public enum Requirement {
    /** Class (a): the original header draws it. */
    DOCUMENTED,
    /** Class (b): the way back when a migration is given up. */
    ABORT,
    /** A device may have it or not; a user who needs it and finds it missing goes a longer way. */
    OPTIONAL;

    /** Tells whether every device has such a transition. */
    public boolean isMandatory() {
      return this != OPTIONAL;
    }
  }

  /** Returns all twenty, in the order of the specification's table. */
  public static List<TransitionV1> all() {
    return TransitionTableV1.TRANSITIONS;
  }

  /** Returns the transition that an arc is, unless it is one with NDMA. */
  public static Optional<TransitionV1> of(ArcV1 arc) {
    return all().stream().filter(transition -> transition.arc.equals(arc)).findFirst();
  }

  /** Tells whether every device has this transition. */
  public boolean isMandatory() {
    return requirement.isMandatory();
  }
}
