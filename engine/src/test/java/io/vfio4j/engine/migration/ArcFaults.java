// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.Side;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.NextState;
import io.vfio4j.testkit.FailureTable;
import io.vfio4j.testkit.Fault;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Fails a device at each arc that it takes in turn. */
final class ArcFaults {

  private static final int ALWAYS = 1000;

  private final FaultHarness harness;
  private final FaultHarness.Cells cells;

  ArcFaults(FaultHarness harness) {
    this.harness = harness;
    this.cells = harness.new Cells();
  }

  /** Returns the outcome of each fault, by arc. */
  FailureTable on(List<FaultScenario> scenarios) throws IOException, InterruptedException {
    for (FaultScenario scenario : scenarios) {
      for (Side side : Side.values()) {
        for (Arc arc : arcs(scenario, side)) {
          String row = "%s %s > %s%s".formatted(side, arc.from(), arc.to(), scenario.suffix);
          add(row, "it fails", scenario, side, new Fault.ArcFailure(arc, Errno.ENOSPC, false, 1));
          add(row, "it always fails", scenario, side, new Fault.ArcFailure(arc, Errno.ENOSPC, false, ALWAYS));
          add(row, "it fails, and the device is in ERROR", scenario, side,
              new Fault.ArcFailure(arc, Errno.ENOSPC, true, 1));
          add(row, "the device is lost", scenario, side, new Fault.LossAtArc(arc));
        }
      }
    }
    return cells.table("arc");
  }

  private void add(String row, String column, FaultScenario scenario, Side side, Fault fault) {
    cells.add(row, column, () -> with(scenario, side, fault));
  }

  /** Returns the arcs of a side's devices in order, without those of a reset. */
  private Set<Arc> arcs(FaultScenario scenario, Side side) throws IOException {
    try (FaultTrial run = harness.trial(scenario)) {
      run.run();
      Set<Arc> arcs = new LinkedHashSet<>();
      List<MigrationEvent> events = run.trial.events;
      for (int i = 0; i < events.size(); i++) {
        if (events.get(i) instanceof MigrationEvent.TransitionEnd moved && moved.side() == side
            && !moved.reason().startsWith("reset") && scenario.isInOwnPart(events.subList(0, i), moved)) {
          arcs.addAll(pathBetween(moved.from(), moved.to()));
        }
      }
      return arcs;
    }
  }

  /** Returns the arcs between two states; none if they are equal. */
  private static List<Arc> pathBetween(DeviceState from, DeviceState to) {
    List<DeviceState> path = from == to
        ? List.of(from)
        : NextState.of(MigrationFeatures.ALL).path(from, to).orElseThrow();
    List<Arc> arcs = new ArrayList<>();
    for (int i = 1; i < path.size(); i++) {
      arcs.add(new Arc(path.get(i - 1), path.get(i)));
    }
    return arcs;
  }

  private String with(FaultScenario scenario, Side side, Fault fault) throws IOException {
    try (FaultTrial run = harness.trial(scenario).withFault(side, fault)) {
      String outcome = run.run();
      if (run.trial.report().isEmpty()) {
        assertThat(run.trial.failureWithoutChecks()).as("the original error, and all later ones")
            .hasStackTraceContaining(
                fault instanceof Fault.ArcFailure ? "ENOSPC" : "the simulated server died")
            .hasMessageContaining(scenario == FaultScenario.GOOD ? "" : "EIO");
      }
      return outcome;
    }
  }
}
