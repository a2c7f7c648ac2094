// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckBody;
import io.vfio4j.conformance.report.Check;

/** A check and what is done for it. */
public record PlannedCheck(Check check, CheckBody experiment) {

  /** Tells whether this is the check that leaves the device to others, and so is always done. */
  public boolean isLast() {
    return check.id().equals(ResetChecks.AT_END);
  }
}
