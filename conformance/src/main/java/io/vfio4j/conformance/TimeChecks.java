// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;

/** How long things take. No rule says how long they may, but downtime is made of it. */
final class TimeChecks {

  private TimeChecks() {
  }

  static void addTo(Plan plan, MigrationFeatures features) {
    plan.add(Group.TIMES, "moves", "No change of state seen in all checks took long.", Sources.DEVICE_STATE,
        bench -> {
          for (Arc arc : Arc.of(features)) {
            bench.refresh();
            bench.goFromRunning(arc.from());
            bench.go(arc.to());
          }
          bench.stopwatch().slowMoves().ifPresent(bench::deviates);
        });
    plan.add(Group.TIMES, "streams", "No state that was read or written in all checks took long.",
        Sources.DEVICE_STATE, TimeChecks::stream);
  }

  private static void stream(Bench bench) throws Judgement, DeviceException {
    byte[] state = bench.whole();
    bench.load(state);
    bench.streams().readAll(bench.save(DeviceState.STOP_COPY));
    bench.stopwatch().slowStreams().ifPresent(bench::deviates);
  }
}
