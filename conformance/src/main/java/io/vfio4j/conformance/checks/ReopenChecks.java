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
        "A device that was closed in RUNNING is in RUNNING when opened again.",
        SpecReferences.INITIAL, bench -> {
          reopen(bench);
          Expect.state(bench, DeviceState.RUNNING, "when opened again");
          bench.enter(DeviceState.STOP);
        });
    addFrom(plan, DeviceState.STOP_COPY);
    addFrom(plan, DeviceState.RESUMING);
    // One driver of the kernel's samples (mtty) finds its state of before, and crashes the kernel here.
    plan.addDangerous(CheckGroup.REOPENING, "and go on",
        "A device that was closed in STOP_COPY can be set running when opened again, without a reset.",
        SpecReferences.INITIAL, bench -> {
          bench.enterFromRunning(DeviceState.STOP_COPY);
          reopen(bench);
          bench.enter(DeviceState.RUNNING);
          Expect.state(bench, DeviceState.RUNNING, "after the move");
        });
  }

  private static void addFrom(CheckPlan plan, DeviceState state) {
    plan.add(CheckGroup.REOPENING, "from " + state,
        "A device that was closed in %s is in RUNNING when opened again.".formatted(state),
        SpecReferences.INITIAL,
        bench -> {
          bench.require(DeviceProbe.ReopenProbe.class, "open the device again");
          if (state == DeviceState.RESUMING) {
            bench.openResuming();
          } else {
            bench.enterFromRunning(state);
          }
          reopen(bench);
          DeviceState found = bench.device().state();
          if (found != DeviceState.RUNNING) {
            bench.reportDeviation("whoever opens the device next finds it in %s; reset it right after opening"
                .formatted(found));
          }
        });
  }

  private static void reopen(CheckContext bench) throws VerdictException, DeviceException {
    bench.require(DeviceProbe.ReopenProbe.class, "open the device again").reopen();
  }
}
