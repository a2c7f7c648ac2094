// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

/** A check and what is done for it. */
record PlannedCheck(Check check, Experiment experiment) {

  /** Tells whether this is the check that leaves the device to others, and so is always done. */
  boolean isLast() {
    return check.id().equals(ResetChecks.LEFT);
  }
}
