// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.Handover;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.JournalRecord;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.testkit.Fault;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What moves with the devices: when it is called, and what follows when a call fails. */
class HandoverTest {

  @TempDir
  private Path folder;

  private StateDirectory state;
  private final MigrationTrial trial = new MigrationTrial();
  private final Recorder recorder = new Recorder();

  @BeforeEach
  void open() throws Exception {
    state = StateDirectory.open(folder.resolve("state"));
    trial.options = MigrationTrial.PATIENT.withJournal(state);
    trial.handover = recorder;
  }

  /** Records each call with the states of both devices and the source's journal, and fails one of them. */
  private final class Recorder implements Handover {

    private final List<String> calls = new ArrayList<>();
    private String failing = "";
    private boolean isReleased;

    private void call(String name) throws IOException {
      calls.add("%s %s %s %s".formatted(name, trial.source().machineState(), trial.target().machineState(),
          steps(Side.SOURCE).getLast()));
      if (name.equals(failing)) {
        throw new IOException(name + " fails");
      }
    }

    @Override
    public Optional<String> begin() throws IOException {
      call("begin");
      return Optional.of("some state goes another way");
    }

    @Override
    public void prepare() throws IOException {
      call("prepare");
    }

    @Override
    public void commit() throws IOException {
      call("commit");
    }

    @Override
    public boolean complete() throws IOException {
      call("complete");
      return isReleased;
    }
  }

  private List<JournalStep> steps(Side side) throws IOException {
    return state.all().stream().map(file -> {
      try {
        return file.read().orElseThrow();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }).filter(contents -> contents.header().side() == side)
        .flatMap(contents -> contents.records().stream().map(JournalRecord::step)).toList();
  }

  @Test
  void callsInOrderAroundCommit() throws Exception {
    trial.run().success();

    assertThat(recorder.calls).containsExactly("begin RUNNING RESUMING prepared",
        "prepare STOP_COPY STOP prepared", "commit STOP_COPY STOP given", "complete STOP_COPY RUNNING given");
    assertThat(steps(Side.SOURCE)).containsExactly(JournalStep.PREPARED, JournalStep.GIVEN,
        JournalStep.CONFIRMED);
  }

  @Test
  void leavesReleasedSourceAsItIs() {
    recorder.isReleased = true;

    trial.run();

    assertThat(trial.report()).isPresent();
    assertThat(trial.targetRunsWithState()).isTrue();
    assertThat(trial.source().machineState()).as("not moved to STOP").isEqualTo(DeviceState.STOP_COPY);
    assertThat(trial.report().orElseThrow().notes()).containsExactly("some state goes another way");
    assertThat(trial.report().orElseThrow().releaseFailure()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"prepare", "commit"})
  void rollsBackIfCallFails(String call) throws Exception {
    recorder.failing = call;

    MigrationException failure = trial.run().failure();

    assertThat(failure.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(failure).hasMessageContaining(call + " fails");
    assertThat(recorder.calls.getLast()).startsWith(call + " ");
    assertThat(trial.targetActs()).as("the target never ran the state").doesNotContain("RUNNING");
    assertThat(steps(Side.SOURCE).getLast()).isEqualTo(JournalStep.KEPT);
    assertThat(steps(Side.TARGET)).doesNotContain(JournalStep.COMMITTED);
  }

  @Test
  void leavesSourceUntouchedIfItCannotBegin() {
    recorder.failing = "begin";

    MigrationException failure = trial.run().failure();

    assertThat(failure.outcome()).isEqualTo(Outcome.UNTOUCHED);
    assertThat(failure).hasMessageContaining("begin fails");
    assertThat(trial.target().machineState()).as("the target was reset").isEqualTo(DeviceState.RUNNING);
  }

  @Test
  void reportsWhatWasNotReleased() throws Exception {
    recorder.failing = "complete";

    trial.run();

    MigrationReport report = trial.report().orElseThrow();
    assertThat(report.releaseFailure()).hasValueSatisfying(
        reason -> assertThat(reason).contains("complete fails"));
    assertThat(trial.targetRunsWithState()).isTrue();
    assertThat(trial.source().machineState()).isEqualTo(DeviceState.STOP_COPY);
    assertThat(steps(Side.SOURCE)).endsWith(JournalStep.CONFIRMED);
  }

  @Test
  void isNotCalledIfTargetCannotLoad() {
    trial.targetSettings = trial.targetSettings.withFaults(
        new Fault.ArcFailure(new Arc(DeviceState.RESUMING, DeviceState.STOP), Errno.EIO, false, 1));

    assertThat(trial.run().failure().outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(recorder.calls).singleElement().asString().startsWith("begin ");
  }
}
