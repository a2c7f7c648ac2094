// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;

/** How long things take. No rule says how long they may, but downtime is made of it. */
final class TimingChecks {

  private TimingChecks() {
  }

  static void addTo(CheckPlan plan, MigrationFeatures features) {
    plan.add(CheckGroup.TIMES, "moves", "No change of state seen in all checks took long.",
        SpecReferences.DEVICE_STATE,
        bench -> {
          for (Arc arc : Arc.of(features)) {
            bench.resetDevice();
            bench.enterFromRunning(arc.from());
            bench.enter(arc.to());
          }
          bench.stopwatch().slowMoves().ifPresent(bench::reportDeviation);
        });
    plan.add(CheckGroup.TIMES, "streams", "No state that was read or written in all checks took long.",
        SpecReferences.DEVICE_STATE, TimingChecks::timeStreams);
  }

  private static void timeStreams(CheckContext bench) throws VerdictException, DeviceException {
    byte[] state = bench.savedState();
    bench.load(state);
    bench.sessionIo().readAll(bench.openSaving(DeviceState.STOP_COPY));
    bench.stopwatch().slowStreams().ifPresent(bench::reportDeviation);
  }
}
