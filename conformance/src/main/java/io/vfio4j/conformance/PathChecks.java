// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import java.util.List;
import java.util.Optional;

/** The states that a device goes through, where they can be watched. */
final class PathChecks {

  private PathChecks() {
  }

  static void addTo(Plan plan, MigrationFeatures features) {
    for (DeviceState from : DeviceState.values()) {
      if (from != DeviceState.ERROR && features.supports(from)) {
        plan.add(Group.PATHS, "from " + from,
            "From %s the device takes the shortest way to every state, as the next-state function has it."
                .formatted(from),
            Sources.ARCS, bench -> watch(bench, from));
      }
    }
  }

  private static void watch(Bench bench, DeviceState from) throws Judgement, DeviceException {
    var watcher = bench.needs(DeviceProbe.PathProbe.class, "watch the device on its way");
    for (DeviceState to : DeviceState.values()) {
      Optional<List<DeviceState>> path = bench.path(from, to);
      if (path.isEmpty()) {
        continue;
      }
      bench.refresh();
      bench.goFromRunning(from);
      watcher.drainPath();
      bench.go(to);
      List<DeviceState> expected = path.get().subList(1, path.get().size());
      List<DeviceState> taken = watcher.drainPath();
      if (!taken.equals(from == to ? List.of() : expected)) {
        throw Judgement.failed("%s by way of %s".formatted(TransitionChecks.name(from, to), expected),
            "it goes by way of " + taken);
      }
    }
  }
}
