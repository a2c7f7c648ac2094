// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;

/** State numbers that do not exist. */
final class StateNumberChecks {

  private static final int[] NUMBERS = {8, 9, 255, 0x8000_0002, -1};

  private StateNumberChecks() {
  }

  static void addTo(CheckPlan plan, MigrationFeatures features) {
    for (DeviceState from : DeviceState.values()) {
      if (from != DeviceState.ERROR && features.supports(from)) {
        plan.add(CheckGroup.TRANSITIONS, from + " > numbers without a state",
            "From %s a request for a state that does not exist is refused with EINVAL and changes nothing."
                .formatted(from),
            SpecReferences.STATES, context -> expectRefusals(context, from));
      }
    }
  }

  private static void expectRefusals(CheckContext context, DeviceState from)
      throws VerdictException, DeviceException {
    var numbers = context.require(DeviceProbe.StateNumberProbe.class, "request a state by number");
    context.enterFromRunning(from);
    for (int number : NUMBERS) {
      String label = "state " + Integer.toUnsignedString(number);
      Expect.refused(label, () -> numbers.setState(number), Errno.EINVAL);
      Expect.state(context, from, "as before the request for %s".formatted(label));
    }
  }
}
