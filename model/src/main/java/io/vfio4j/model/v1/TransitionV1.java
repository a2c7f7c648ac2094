// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import java.util.List;
import java.util.Optional;

/**
 * One of the twenty transitions between the five plain states of version 1: STOP, RUNNING, STOP_COPY,
 * PRE_COPY and RESUMING.
 *
 * @param arc the states before and after
 * @param requirement whether a device must have it
 * @param purpose its purpose, in a word or two; empty if there is none to mention
 */
public record TransitionV1(ArcV1 arc, Requirement requirement, String purpose) {

  /** Whether a device must have a transition, and the reason. */
  public enum Requirement {
    /** Class (a): shown in the original header. */
    DOCUMENTED,
    /** Class (b): needed to abort a migration. */
    ABORT,
    /** A device may lack it; users then take a detour. */
    OPTIONAL;

    /** Returns whether every device has such a transition. */
    public boolean isMandatory() {
      return this != OPTIONAL;
    }
  }

  /** Returns all twenty, in the order of the specification's table. */
  public static List<TransitionV1> all() {
    return TransitionTableV1.TRANSITIONS;
  }

  /** Returns the transition of an arc; empty for an arc with NDMA. */
  public static Optional<TransitionV1> of(ArcV1 arc) {
    return all().stream().filter(transition -> transition.arc.equals(arc)).findFirst();
  }

  /** Returns the detours around this transition, best first; none for a mandatory one. */
  public List<DetourV1> detours() {
    return TransitionTableV1.detours(arc);
  }

  /** Returns whether every device has this transition. */
  public boolean isMandatory() {
    return requirement.isMandatory();
  }
}
