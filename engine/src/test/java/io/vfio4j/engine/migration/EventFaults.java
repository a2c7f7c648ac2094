// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.Side;
import io.vfio4j.testkit.FailureTable;
import java.io.IOException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/** Breaks something at each step that the engine reports, in turn. */
final class EventFaults {

  /** What breaks. */
  enum FaultKind {
    CONNECTION("the connection is cut", ""), //
    STALL("it stalls", ""), //
    DAMAGE("it damages the next frame", ""), //
    SOURCE_DEVICE("a device is lost at the source", "the simulated server died"), //
    TARGET_DEVICE("a device is lost at the target", "the simulated server died"), //
    JOURNALS("the disk of the journals is full", "No space left on device"), //
    LISTENER("the listener fails", "ordered to fail");

    final String title;
    private final String error;

    FaultKind(String title, String error) {
      this.title = title;
      this.error = error;
    }

    void happen(FaultTrial at, Side teller) {
      switch (this) {
        case CONNECTION -> at.transports.cut(teller);
        case STALL -> at.transports.stall();
        case DAMAGE -> at.transports.damageNext();
        case SOURCE_DEVICE -> at.lose(Side.SOURCE);
        case TARGET_DEVICE -> at.lose(Side.TARGET);
        case JOURNALS -> at.fillDisk();
        case LISTENER -> throw new IllegalStateException(error);
      }
    }
  }

  private final FaultHarness harness;
  private final FaultHarness.Cells cells;
  private final Set<FaultKind> breaks;

  EventFaults(FaultHarness harness, FaultKind... breaks) {
    this.harness = harness;
    this.cells = harness.new Cells();
    this.breaks = new LinkedHashSet<>(Arrays.asList(breaks));
  }

  /** Returns the outcome of each fault, by step. */
  FailureTable on(List<FaultScenario> scenarios) throws IOException, InterruptedException {
    Map<FaultScenario, Set<String>> steps = new EnumMap<>(FaultScenario.class);
    for (FaultScenario scenario : scenarios) { // All before the first fault, because runs may share a disk.
      steps.put(scenario, steps(scenario));
    }
    steps.forEach((scenario, names) -> names.forEach(step -> breaks.forEach(breakage -> cells
        .add(step + scenario.suffix, breakage.title, () -> at(scenario, step, breakage)))));
    return cells.table("step");
  }

  private Set<String> steps(FaultScenario scenario) throws IOException {
    try (FaultTrial run = harness.trial(scenario)) {
      run.run();
      Set<String> steps = new LinkedHashSet<>();
      for (Side side : Side.values()) { // The order between the two sides varies between runs.
        List<MigrationEvent> events = run.trial.events.stream().filter(e -> e.side() == side).toList();
        for (int i = 0; i < events.size(); i++) {
          MigrationEvent event = events.get(i);
          if (concernsLastDevice(event) && scenario.isInOwnPart(events.subList(0, i + 1), event)) {
            event.stepName().ifPresent(steps::add);
          }
        }
      }
      return steps;
    }
  }

  /**
   * Whether a step concerns the last device; the others' steps have no fixed order to it, and it has the
   * faults.
   */
  private boolean concernsLastDevice(MigrationEvent event) {
    String device = device(event);
    return device.isEmpty() || device.endsWith(Integer.toString(harness.cargo().devices() - 1));
  }

  private static String device(MigrationEvent event) {
    return switch (event) {
      case MigrationEvent.TransitionStart moving -> moving.device();
      case MigrationEvent.TransitionEnd moved -> moved.device();
      default -> "";
    };
  }

  private String at(FaultScenario scenario, String step, FaultKind breakage) throws IOException {
    try (FaultTrial run = harness.trial(scenario)) {
      if (breakage == FaultKind.STALL) {
        run.withStallTimeout(FaultHarness.STALL);
      }
      AtomicBoolean broken = new AtomicBoolean();
      run.trial.listener = event -> {
        if (concernsLastDevice(event) && event.stepName().filter(step::equals).isPresent()
            && scenario.isInOwnPart(run.trial.events, event)
            && broken.compareAndSet(false, true)) {
          breakage.happen(run, event.side());
        }
      };
      String outcome = run.run();
      assertThat(broken).as("%s: %s", outcome, run.trial.events).isTrue();
      if (scenario == FaultScenario.GOOD && run.trial.report().isEmpty()) {
        assertThat(run.trial.failureWithoutChecks()).as("the original error")
            .hasStackTraceContaining(breakage.error);
      }
      return outcome;
    }
  }
}
