// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.CheckIds;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.TransitionException;
import java.util.Optional;

/** The state ERROR, which cannot be requested. */
final class ErrorChecks {

  private ErrorChecks() {
  }

  static void addTo(CheckPlan plan, MigrationFeatures features) {
    for (DeviceState to : DeviceState.values()) {
      if (to != DeviceState.ERROR && features.supports(to)) {
        plan.add(CheckGroup.ERROR, CheckIds.transitionName(DeviceState.ERROR, to),
            "In ERROR a request for %s is refused with EINVAL.".formatted(to), SpecReferences.STATES,
            context -> {
              context.provokeError();
              TransitionChecks.expectRefusal(context, DeviceState.ERROR, to, Optional.empty());
            });
      }
    }
    plan.add(CheckGroup.ERROR, CheckIds.transitionName(DeviceState.ERROR, DeviceState.ERROR),
        "In ERROR a request for ERROR is refused or does nothing.", SpecReferences.FAILURE,
        ErrorChecks::requestError);
    plan.add(CheckGroup.ERROR, "reset",
        "A reset leads from ERROR to RUNNING, and the device can be moved again.",
        SpecReferences.RESET, context -> {
          context.provokeError();
          ResetChecks.resetAndExpectRunning(context);
        });
  }

  /**
   * Requests ERROR in ERROR: the next-state function returns EINVAL, but drivers may first compare the two
   * states.
   */
  private static void requestError(CheckContext context) throws VerdictException, DeviceException {
    context.provokeError();
    try {
      context.device().moveTo(DeviceState.ERROR);
    } catch (TransitionException e) {
      if (!e.errno().equals(Errno.EINVAL)) {
        throw VerdictException.failed("EINVAL, or success", e.errno().toString());
      }
    }
    Expect.state(context, DeviceState.ERROR, "as before");
  }
}
