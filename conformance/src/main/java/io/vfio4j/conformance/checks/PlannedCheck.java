// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckBody;
import io.vfio4j.conformance.harness.CheckIds;
import io.vfio4j.conformance.report.Check;

/** A check and its body. */
public record PlannedCheck(Check check, CheckBody body) {

  /** Returns whether this is the check that leaves the device in RUNNING, and so always runs last. */
  public boolean isLast() {
    return check.id().equals(CheckIds.RESET_AT_END);
  }
}
