// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;

/** Closing the device and opening it again. */
final class ReopeningChecks {

  private ReopeningChecks() {
  }

  static void addTo(Plan plan) {
    plan.add(Group.REOPENING, "from RUNNING",
        "A device that was closed in RUNNING is in RUNNING when opened again.",
        Sources.INITIAL, bench -> {
          reopen(bench);
          Expect.state(bench, DeviceState.RUNNING, "when opened again");
          bench.go(DeviceState.STOP);
        });
    addFrom(plan, DeviceState.STOP_COPY);
    addFrom(plan, DeviceState.RESUMING);
    // One driver of the kernel's samples (mtty) finds its state of before, and crashes the kernel here.
    plan.addDangerous(Group.REOPENING, "and go on",
        "A device that was closed in STOP_COPY can be set running when opened again, without a reset.",
        Sources.INITIAL, bench -> {
          bench.goFromRunning(DeviceState.STOP_COPY);
          reopen(bench);
          bench.go(DeviceState.RUNNING);
          Expect.state(bench, DeviceState.RUNNING, "after the move");
        });
  }

  private static void addFrom(Plan plan, DeviceState state) {
    plan.add(Group.REOPENING, "from " + state,
        "A device that was closed in %s is in RUNNING when opened again.".formatted(state), Sources.INITIAL,
        bench -> {
          bench.needs(DeviceProbe.ReopenProbe.class, "open the device again");
          if (state == DeviceState.RESUMING) {
            bench.resume();
          } else {
            bench.goFromRunning(state);
          }
          reopen(bench);
          DeviceState found = bench.device().state();
          if (found != DeviceState.RUNNING) {
            bench.deviates("whoever opens the device next finds it in %s; reset it right after opening"
                .formatted(found));
          }
        });
  }

  private static void reopen(Bench bench) throws Judgement, DeviceException {
    bench.needs(DeviceProbe.ReopenProbe.class, "open the device again").reopen();
  }
}
