// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.OwnershipAnswer.Verdict;
import io.vfio4j.engine.journal.JournalContents;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.SimulatedDevice;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/**
 * A migration in which something goes wrong, and who has the device afterwards: by the devices themselves and by the
 * journals, never by the engine's word. Where the source does not know, it does what {@code recover} does.
 */
final class FaultTrial {

  /** By the steered clock, on which a round is a moment: some seconds of real waiting for the other side. */
  private static final Duration DEADLINE = Duration.ofHours(6);

  final Trial trial = new Trial();
  private final StateDirectory state;
  private final long identity;
  private volatile boolean diskFull;

  FaultTrial(Path folder) throws IOException {
    state = StateDirectory.open(folder.resolve(UUID.randomUUID().toString()));
    trial.options = Trial.PATIENT.withJournal(this::begin)
        .withPolicy(new DowntimePolicy(DEADLINE, WhenNotConverging.GIVE_UP));
    try (SimulatedDevice first = trial.sourceSettings.device()) {
      identity = first.stateIdentity();
    }
  }

  /** From now on no journal takes a record more. That cannot be had from a real file system without a mount. */
  void fillDisk() {
    diskFull = true;
  }

  private Journal.Entries begin(Journal.Heading heading) throws JournalException {
    requireRoom();
    JournalFile file = state.begin(heading);
    return (step, reason) -> {
      requireRoom();
      file.add(step, reason);
    };
  }

  private void requireRoom() throws JournalException {
    if (diskFull) {
      throw new JournalException("the journal cannot be written: No space left on device", null);
    }
  }

  /** Runs it, and tells what came of it, in a few words. */
  String run() throws IOException, DeviceException {
    trial.run();
    if (!trial.source().isLost() && !trial.target().isLost()) {
      checkDevices();
    }
    return owner();
  }

  private void checkDevices() {
    if (trial.report().isEmpty()) {
      trial.failure();
    } else {
      assertThat(trial.source().openSessions()).as("open sessions of the source").isZero();
      assertThat(trial.target().openSessions()).as("open sessions of the target").isZero();
    }
    assertThat(runs(trial.source()) && runs(trial.target())).as("both run").isFalse();
  }

  private boolean runs(SimulatedDevice device) {
    return !device.isLost() && device.machineState().isRunning() && device.stateIdentity() == identity;
  }

  private Optional<JournalContents> journal(Side side) throws JournalException {
    for (JournalFile file : state.all()) {
      Optional<JournalContents> contents = file.read();
      if (contents.isPresent() && contents.get().heading().side() == side) {
        return contents;
      }
    }
    return Optional.empty();
  }

  private String owner() throws IOException, DeviceException {
    Optional<JournalContents> source = journal(Side.SOURCE);
    if (source.isEmpty()) {
      return atSource();
    }
    return switch (source.get().last().step()) {
      case PREPARED, KEPT, RETURNED -> atSource();
      case CONFIRMED -> atTarget();
      case GIVEN -> recovered(source.get().heading().session());
      default -> throw new AssertionError("a source does not put down " + source.get().last());
    };
  }

  /** What the command of the same name does at the source, with the target's answer. */
  private String recovered(Session session) throws IOException, DeviceException {
    JournalFile file = state.find(session, Side.SOURCE).orElseThrow();
    Verdict verdict = state.answer(session).verdict();
    return switch (verdict) {
      case MINE -> {
        file.add(JournalStep.CONFIRMED, "the target says so");
        yield atTarget();
      }
      case NOT_MINE -> {
        file.add(JournalStep.RETURNED, "the target says so");
        if (!trial.source().isLost() && !runs(trial.source())) {
          trial.source().moveTo(DeviceState.RUNNING);
        }
        yield atSource();
      }
      case UNSURE -> unsure();
      case NOT_KNOWN -> throw new AssertionError("the target has no journal of what it was given");
    };
  }

  private String unsure() {
    assertThat(runs(trial.source())).as("the source runs, and nobody knows of the target").isFalse();
    if (trial.target().isLost()) {
      return "lost: the target's device is gone";
    }
    return runs(trial.target()) ? "target, which no journal says" : "a person decides";
  }

  private String atSource() {
    assertThat(runs(trial.target())).as("the target runs what is the source's").isFalse();
    SimulatedDevice source = trial.source();
    if (source.isLost()) {
      return "lost: the source's device is gone";
    }
    if (runs(source)) {
      return "source";
    }
    if (source.machineState() == DeviceState.RUNNING) {
      return "lost: the source's device had to be reset";
    }
    MigrationException failure = trial.failureWithoutChecks();
    assertThat(failure).as("why it does not run").hasMessageContaining(source.machineState().name());
    return "source, stopped";
  }

  private String atTarget() {
    assertThat(runs(trial.source())).as("the source runs what is the target's").isFalse();
    if (trial.target().isLost()) {
      return "lost: the target's device is gone";
    }
    assertThat(runs(trial.target())).as("the target runs").isTrue();
    return "target";
  }
}
