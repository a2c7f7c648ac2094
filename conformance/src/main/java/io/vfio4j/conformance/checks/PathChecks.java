// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.CheckIds;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import java.util.List;
import java.util.Optional;

/** The states that a device passes through, where they can be observed. */
final class PathChecks {

  private PathChecks() {
  }

  static void addTo(CheckPlan plan, MigrationFeatures features) {
    for (DeviceState from : DeviceState.values()) {
      if (from != DeviceState.ERROR && features.supports(from)) {
        plan.add(CheckGroup.PATHS, "from " + from,
            "From %s the device takes the shortest path to every state, as the next-state function defines."
                .formatted(from),
            SpecReferences.ARCS, context -> expectPaths(context, from));
      }
    }
  }

  private static void expectPaths(CheckContext context, DeviceState from)
      throws VerdictException, DeviceException {
    var watcher =
        context.require(DeviceProbe.PathProbe.class, "observe the states that the device passes through");
    for (DeviceState to : DeviceState.values()) {
      Optional<List<DeviceState>> path = context.path(from, to);
      if (path.isEmpty()) {
        continue;
      }
      context.resetDevice();
      context.enterFromRunning(from);
      watcher.drainPath();
      context.enter(to);
      List<DeviceState> expected = path.get().subList(1, path.get().size());
      List<DeviceState> taken = watcher.drainPath();
      if (!taken.equals(from == to ? List.of() : expected)) {
        throw VerdictException.failed("%s through %s".formatted(CheckIds.transitionName(from, to), expected),
            "it passes through " + taken);
      }
    }
  }
}
