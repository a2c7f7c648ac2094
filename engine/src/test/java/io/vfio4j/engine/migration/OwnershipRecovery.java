// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.OwnershipAnswer;
import io.vfio4j.engine.OwnershipAnswer.Verdict;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.JournalContents;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.TransitionException;
import io.vfio4j.testkit.SimulatedDevice;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Determines who owns the devices after a migration that may have failed, from the journals and the devices.
 * If the source does not know, it does what {@code recover} does, and what an operator does who inspects the
 * devices; the result says so.
 */
final class OwnershipRecovery {

  static final List<String> ORDINALS = List.of("first", "second", "third", "fourth");

  private final FaultTrial trial;
  private final List<SimulatedDevice> sources;
  private final List<SimulatedDevice> targets;

  OwnershipRecovery(FaultTrial trial, List<SimulatedDevice> sources, List<SimulatedDevice> targets) {
    this.trial = trial;
    this.sources = sources;
    this.targets = targets;
  }

  /** Returns the owner in a few words. */
  String run() throws IOException {
    Optional<JournalContents> source = sourceJournal();
    if (source.isEmpty()) {
      return atSource();
    }
    return switch (source.get().last().step()) {
      case PREPARED, KEPT, RETURNED -> atSource();
      case CONFIRMED -> atTarget();
      case GIVEN -> askTarget(source.get().header().migration());
      default -> throw new AssertionError("unexpected record of a source: " + source.get().last());
    };
  }

  private Optional<JournalContents> sourceJournal() throws JournalException {
    for (JournalFile file : trial.state.all()) {
      Optional<JournalContents> contents = file.read();
      if (contents.isPresent() && contents.get().header().side() == Side.SOURCE) {
        return contents;
      }
    }
    return Optional.empty();
  }

  /** The source has recorded <em>given</em>, and no outcome. */
  private String askTarget(MigrationId migration) throws IOException {
    boolean held =
        sources.stream()
            .anyMatch(device -> !device.isLost() && device.machineState() == DeviceState.STOP_COPY);
    String how = held ? "`recover`: " : "";
    return switch (ask(migration)) {
      case COMMITTED -> how + atTarget();
      case NOT_COMMITTED -> how + rollBack();
      case UNSURE -> decideManually(migration, held);
      case NOT_KNOWN -> throw new AssertionError("the target has no journal of what it was given");
    };
  }

  /** Queries over a connection as the command does, and records the result. */
  private Verdict ask(MigrationId migration) throws IOException {
    OwnershipAnswer answer = OwnershipQueryTrial.ask(new FaultyTransports(), trial.state, migration);
    JournalFile source = trial.journalOf(migration, Side.SOURCE);
    if (answer.verdict() == Verdict.COMMITTED) {
      source.add(JournalStep.CONFIRMED, "the target says so");
    } else if (answer.verdict() == Verdict.NOT_COMMITTED) {
      source.add(JournalStep.RETURNED, "the target says so");
    }
    return answer.verdict();
  }

  /** An operator inspects the devices, records their owner at the target, and repeats the source's query. */
  private String decideManually(MigrationId migration, boolean held) throws IOException {
    boolean there = isAnyRunning(targets);
    assertThat(there && isAnyRunning(sources)).as("both sides run the device").isFalse();
    trial.journalOf(migration, Side.TARGET).add(there ? JournalStep.RUNNING : JournalStep.RETURNED,
        "a person's word");
    Verdict verdict = ask(migration);
    assertThat(verdict).isEqualTo(there ? Verdict.COMMITTED : Verdict.NOT_COMMITTED);
    String then = there ? atTarget() : rollBack();
    return held ? "an operator decides: " + then : then + ", which no journal says";
  }

  /** The command that holds the devices resumes them, all of them in their P2P states first. */
  private String rollBack() throws IOException {
    for (DeviceState state : List.of(DeviceState.RUNNING_P2P, DeviceState.RUNNING)) {
      for (SimulatedDevice device : sources) {
        if (!device.isLost() && device.machineState() != DeviceState.RUNNING) {
          device.moveTo(state);
        }
      }
    }
    return atSource();
  }

  private boolean isAnyRunning(List<SimulatedDevice> devices) {
    return IntStream.range(0, devices.size()).anyMatch(number -> runs(devices.get(number), number));
  }

  /** With the state that the source's device had. */
  private boolean runs(SimulatedDevice device, int number) {
    return !device.isLost() && device.machineState().isRunning()
        && device.stateFingerprint() == trial.identity(number);
  }

  private String atSource() throws IOException {
    assertThat(isAnyRunning(targets)).as("the target runs what is the source's").isFalse();
    List<Condition> conditions =
        IntStream.range(0, sources.size()).mapToObj(number -> condition(sources.get(number), number))
            .toList();
    if (conditions.contains(Condition.HALTED) || conditions.contains(Condition.QUIET)) {
      return recoverDevices(conditions);
    }
    return describe(Side.SOURCE, conditions);
  }

  private String atTarget() {
    assertThat(isAnyRunning(sources)).as("the source runs what is the target's").isFalse();
    assertThat(trial.isMemoryThere()).as("the memory has moved").isTrue();
    List<Condition> conditions =
        IntStream.range(0, targets.size()).mapToObj(number -> condition(targets.get(number), number))
            .toList();
    assertThat(conditions).as("at the target").isSubsetOf(Condition.RUNS, Condition.GONE);
    return describe(Side.TARGET, conditions);
  }

  /** What became of a device. */
  private enum Condition {
    RUNS("runs"), GONE("is gone"), RESET("had to be reset"), QUIET("is quiet"), HALTED("did not come back");

    private final String words;

    Condition(String words) {
      this.words = words;
    }
  }

  private Condition condition(SimulatedDevice device, int number) {
    if (device.isLost()) {
      return Condition.GONE;
    }
    DeviceState state = device.machineState();
    if (device.stateFingerprint() == 0) {
      assertThat(state).as("a device that was reset").isEqualTo(DeviceState.RUNNING);
      return Condition.RESET;
    }
    assertThat(device.stateFingerprint()).as("its state, and no other").isEqualTo(trial.identity(number));
    if (state == DeviceState.RUNNING) {
      return Condition.RUNS;
    }
    assertThat(trial.trial.failureWithoutChecks()).as("why it is not in RUNNING")
        .hasMessageContaining(device.identity().name());
    return state == DeviceState.RUNNING_P2P ? Condition.QUIET : Condition.HALTED;
  }

  /** A device that did not return to RUNNING reports this, and is moved there or reset, as the error says. */
  private String recoverDevices(List<Condition> conditions) throws IOException {
    MigrationException failure = trial.trial.failureWithoutChecks();
    String before = sources.size() > 1
        ? describe(Side.SOURCE, conditions)
        : "source, in " + sources.getFirst().machineState();
    boolean moved = true;
    for (SimulatedDevice device : sources) {
      if (!device.isLost() && device.machineState() != DeviceState.RUNNING) {
        assertThat(failure).as("where it is, and what to do").hasMessageContaining(device.identity().name())
            .hasMessageContaining("to RUNNING");
        moved &= hasMigrated(device);
      }
    }
    return before + (moved ? "; can be moved" : "; must be reset");
  }

  private static boolean hasMigrated(SimulatedDevice device) throws IOException {
    try {
      device.moveTo(DeviceState.RUNNING);
      return true;
    } catch (TransitionException e) {
      device.reset();
      return false;
    }
  }

  private static String describe(Side side, List<Condition> conditions) {
    if (conditions.stream().allMatch(Condition.RUNS::equals)) {
      return side.toString();
    }
    if (conditions.size() == 1) {
      return "lost: the %s's device %s".formatted(side, conditions.getFirst().words);
    }
    return IntStream.range(0, conditions.size())
        .mapToObj(number -> "the %s %s".formatted(ORDINALS.get(number), conditions.get(number).words))
        .collect(Collectors.joining(", ", side + ": ", ""));
  }
}
