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

/** Closing the device and opening it again. */
final class ReopenChecks {

  private ReopenChecks() {
  }

  static void addTo(CheckPlan plan) {
    plan.add(CheckGroup.REOPENING, "from RUNNING",
        "A device closed in RUNNING is in RUNNING when opened again.",
        SpecReferences.INITIAL, context -> {
          reopen(context);
          Expect.state(context, DeviceState.RUNNING, "when opened again");
          context.enter(DeviceState.STOP);
        });
    addFrom(plan, DeviceState.STOP_COPY);
    addFrom(plan, DeviceState.RESUMING);
    // The kernel's sample driver mtty keeps its previous state, and crashes the kernel here.
    plan.addDangerous(CheckGroup.REOPENING, "and go on",
        "A device closed in STOP_COPY can be moved to RUNNING when opened again, without a reset.",
        SpecReferences.INITIAL, context -> {
          context.enterFromRunning(DeviceState.STOP_COPY);
          reopen(context);
          context.enter(DeviceState.RUNNING);
          Expect.state(context, DeviceState.RUNNING, "after the transition");
        });
  }

  private static void addFrom(CheckPlan plan, DeviceState state) {
    plan.add(CheckGroup.REOPENING, "from " + state,
        "A device closed in %s is in RUNNING when opened again.".formatted(state),
        SpecReferences.INITIAL,
        context -> {
          context.require(DeviceProbe.ReopenProbe.class, "open the device again");
          context.enterEmpty(state);
          reopen(context);
          DeviceState found = context.device().state();
          if (found != DeviceState.RUNNING) {
            context.reportDeviation("the next client finds the device in %s; reset it right after opening"
                .formatted(found));
          }
        });
  }

  private static void reopen(CheckContext context) throws VerdictException, DeviceException {
    context.require(DeviceProbe.ReopenProbe.class, "open the device again").reopen();
  }
}
