// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
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

  static void addTo(CheckPlan plan, MigrationFeatures features) {
    for (DeviceState from : DeviceState.values()) {
      if (from != DeviceState.ERROR && features.supports(from)) {
        plan.add(CheckGroup.PATHS, "from " + from,
            "From %s the device takes the shortest way to every state, as the next-state function has it."
                .formatted(from),
            SpecReferences.ARCS, bench -> expectPaths(bench, from));
      }
    }
  }

  private static void expectPaths(CheckContext bench, DeviceState from)
      throws VerdictException, DeviceException {
    var watcher = bench.require(DeviceProbe.PathProbe.class, "watch the device on its way");
    for (DeviceState to : DeviceState.values()) {
      Optional<List<DeviceState>> path = bench.path(from, to);
      if (path.isEmpty()) {
        continue;
      }
      bench.resetDevice();
      bench.enterFromRunning(from);
      watcher.drainPath();
      bench.enter(to);
      List<DeviceState> expected = path.get().subList(1, path.get().size());
      List<DeviceState> taken = watcher.drainPath();
      if (!taken.equals(from == to ? List.of() : expected)) {
        throw VerdictException.failed("%s by way of %s".formatted(TransitionChecks.name(from, to), expected),
            "it goes by way of " + taken);
      }
    }
  }
}
