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

/** The duration of transitions and streams. It is not specified, but it adds to the downtime. */
final class TimingChecks {

  private TimingChecks() {
  }

  static void addTo(CheckPlan plan, MigrationFeatures features) {
    plan.add(CheckGroup.TIMES, "moves", "No transition in any check is slow.",
        SpecReferences.DEVICE_STATE,
        context -> {
          for (Arc arc : Arc.of(features)) {
            context.resetDevice();
            context.enterFromRunning(arc.from());
            context.enter(arc.to());
          }
          context.stopwatch().slowMoves().ifPresent(context::reportDeviation);
        });
    plan.add(CheckGroup.TIMES, "streams", "No reading or writing of a state in any check is slow.",
        SpecReferences.DEVICE_STATE, TimingChecks::timeStreams);
  }

  private static void timeStreams(CheckContext context) throws VerdictException, DeviceException {
    byte[] state = context.savedState();
    context.load(state);
    context.sessionIo().readAll(context.openSaving(DeviceState.STOP_COPY));
    context.stopwatch().slowStreams().ifPresent(context::reportDeviation);
  }
}
