// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.OwnershipAnswer;
import io.vfio4j.engine.OwnershipAnswer.Verdict;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.journal.JournalContents;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.engine.journal.JournalRecord;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.transport.LocalTransport;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The records of both sides, their order, and migrations that cannot write them. */
class JournaledMigrationTest {

  @TempDir
  private Path folder;

  private StateDirectory state;
  private final MigrationTrial trial = new MigrationTrial();

  @BeforeEach
  void open() throws JournalException {
    state = StateDirectory.open(folder.resolve("state"));
    trial.options = MigrationTrial.PATIENT.withJournal(state);
  }

  /** Runs an action at the first event of a kind. */
  private void onEvent(Predicate<MigrationEvent> when, Action act) {
    boolean[] done = new boolean[1];
    trial.listener = event -> {
      if (!done[0] && when.test(event)) {
        done[0] = true;
        try {
          act.run();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    };
  }

  /** The action. */
  @FunctionalInterface
  private interface Action {
    void run() throws IOException;
  }

  private static Predicate<MigrationEvent> enters(Side side, Class<? extends Phase> phase) {
    return event -> event.side() == side
        && event instanceof MigrationEvent.PhaseStart began && phase.isInstance(began.phase());
  }

  private static Predicate<MigrationEvent> records(Side side, JournalStep step) {
    return event -> event.side() == side
        && event instanceof MigrationEvent.JournalWrite recorded && recorded.step() == step;
  }

  private JournalFile journal(Side side) throws JournalException {
    for (JournalFile file : state.all()) {
      if (file.read().orElseThrow().header().side() == side) {
        return file;
      }
    }
    throw new AssertionError("no journal of the " + side);
  }

  private List<JournalStep> steps(Side side) throws JournalException {
    return journal(side).read().orElseThrow().records().stream().map(JournalRecord::step).toList();
  }

  private MigrationId migrationId() throws JournalException {
    return journal(Side.SOURCE).read().orElseThrow().header().migration();
  }

  @Test
  void recordsStepsOnBothSides() throws Exception {
    trial.run().success();

    assertThat(steps(Side.SOURCE)).containsExactly(JournalStep.PREPARED, JournalStep.GIVEN,
        JournalStep.CONFIRMED);
    assertThat(steps(Side.TARGET)).containsExactly(JournalStep.PREPARED, JournalStep.COMMITTED,
        JournalStep.RUNNING);
    JournalContents source = journal(Side.SOURCE).read().orElseThrow();
    JournalContents target = journal(Side.TARGET).read().orElseThrow();
    assertThat(target.header().migration()).isEqualTo(source.header().migration());
    assertThat(source.header().devices()).containsExactly("source");
    assertThat(target.header().devices()).containsExactly("target");
    assertThat(state.answer(migrationId()).verdict()).isEqualTo(Verdict.COMMITTED);
  }

  /** A disk on which each record takes a fixed time, by the clock of the trial. */
  private Journal slow(Map<JournalStep, Duration> delays) {
    return heading -> {
      trial.clock.advance(delays.getOrDefault(JournalStep.PREPARED, Duration.ZERO));
      return (step, _) -> trial.clock.advance(delays.getOrDefault(step, Duration.ZERO));
    };
  }

  @Test
  void reportsJournalTimeInDowntime() {
    Map<JournalStep, Duration> delays = Map.of(JournalStep.PREPARED, Duration.ofMillis(2),
        JournalStep.GIVEN, Duration.ofMillis(3), JournalStep.COMMITTED, Duration.ofMillis(5),
        JournalStep.RUNNING, Duration.ofMillis(7));
    trial.options = MigrationTrial.PATIENT.withJournal(slow(delays));

    Map<DowntimeParts.Part, Duration> parts = trial.run().success().downtimeParts().durations();

    assertThat(parts.get(DowntimeParts.Part.RECORDING)).isEqualTo(Duration.ofMillis(3));
    assertThat(parts.get(DowntimeParts.Part.STARTING)).as("what the target records")
        .isGreaterThanOrEqualTo(Duration.ofMillis(12));
    assertThat(trial.events.stream().filter(MigrationEvent.JournalWrite.class::isInstance)
        .map(MigrationEvent.JournalWrite.class::cast).filter(event -> delays.containsKey(event.step())))
        .allSatisfy(event -> assertThat(event.duration())
            .isGreaterThanOrEqualTo(delays.getOrDefault(event.step(), Duration.ZERO)))
        .hasSize(5);
  }

  @Test
  void reportsNoJournalTimeWithoutJournal() {
    trial.options = MigrationTrial.PATIENT;

    assertThat(trial.run().success().downtimeParts().durations())
        .doesNotContainKey(DowntimeParts.Part.RECORDING);
  }

  /** The order that everything depends on, according to the devices and the journals themselves. */
  @Test
  void recordsStepsBeforeTransitions() {
    List<String> order = new ArrayList<>();
    trial.listener = event -> {
      switch (event) {
        case MigrationEvent.JournalWrite recorded -> order.add(recorded.side() + " " + recorded.step());
        case MigrationEvent.TransitionStart moving ->
          order.add(moving.side() + " " + moving.from() + ">" + moving.to());
        default -> {
          // Not about ownership.
        }
      }
    };
    trial.run().success();

    assertThat(order).containsSubsequence("source prepared", "source RUNNING>PRE_COPY");
    assertThat(order).containsSubsequence("target prepared", "target RUNNING>RUNNING",
        "target RUNNING>RESUMING");
    assertThat(order).containsSubsequence("source given", "target committed", "target STOP>RUNNING_P2P",
        "target RUNNING_P2P>RUNNING", "target running", "source confirmed", "source STOP_COPY>STOP");
  }

  @Test
  void touchesNothingWhenSourceJournalFails() throws IOException {
    Files.delete(state.folder());

    MigrationException failure = trial.run().failure();

    assertThat(failure.outcome()).isEqualTo(Outcome.UNTOUCHED);
    assertThat(failure).hasMessageContaining("cannot be written")
        .hasCauseInstanceOf(JournalException.class);
    assertThat(trial.sourceActs()).isEmpty();
    assertThat(trial.targetActs()).isEmpty();
  }

  @Test
  void touchesNothingWhenTargetJournalFails() throws Exception {
    onEvent(records(Side.SOURCE, JournalStep.PREPARED), () -> {
      Files.delete(journal(Side.SOURCE).path());
      Files.delete(state.folder());
    });

    MigrationException failure = trial.run().failure();

    assertThat(failure.outcome()).isEqualTo(Outcome.UNTOUCHED);
    assertThat(failure).hasMessageContaining("cannot be written");
    assertThat(trial.sourceActs()).isEmpty();
    assertThat(trial.targetActs()).isEmpty();
  }

  @Test
  void keepsSourceWhenGivenIsNotRecorded() throws Exception {
    onEvent(enters(Side.SOURCE, Phase.Handover.class), () -> Files.delete(journal(Side.SOURCE).path()));

    MigrationException failure = trial.run().failure();

    assertThat(failure.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(failure).hasMessageContaining("'given' cannot be recorded");
    assertThat(steps(Side.TARGET)).containsExactly(JournalStep.PREPARED, JournalStep.RETURNED);
  }

  @Test
  void returnsOwnershipWhenCommitIsNotRecorded() throws Exception {
    onEvent(records(Side.SOURCE, JournalStep.GIVEN), () -> Files.delete(journal(Side.TARGET).path()));

    MigrationException failure = trial.run().failure();

    assertThat(failure.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(failure).hasMessageContaining("'committed' cannot be recorded");
    assertThat(steps(Side.SOURCE)).containsExactly(JournalStep.PREPARED, JournalStep.GIVEN,
        JournalStep.RETURNED);
  }

  /** An ownership query while COMMIT is in flight: the answer is durable. */
  @Test
  void refusesCommitAfterNegativeAnswer() throws Exception {
    OwnershipAnswer[] answer = new OwnershipAnswer[1];
    onEvent(records(Side.SOURCE, JournalStep.GIVEN), () -> answer[0] = state.answer(migrationId()));

    MigrationException failure = trial.run().failure();

    assertThat(answer[0].verdict()).isEqualTo(Verdict.NOT_COMMITTED);
    assertThat(failure.outcome()).isEqualTo(Outcome.SOURCE_RUNNING);
    assertThat(trial.targetRunsWithState()).isFalse();
    assertThat(steps(Side.TARGET)).containsExactly(JournalStep.PREPARED, JournalStep.REFUSED);
  }

  @Test
  void answersOwnershipAfterLostConfirmation() throws Exception {
    onEvent(records(Side.TARGET, JournalStep.COMMITTED), trial::cut);

    MigrationException failure = trial.run().failure();

    assertThat(failure.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(trial.source().machineState()).isEqualTo(DeviceState.STOP_COPY);
    assertThat(steps(Side.SOURCE)).containsExactly(JournalStep.PREPARED, JournalStep.GIVEN);
    assertThat(steps(Side.TARGET)).endsWith(JournalStep.RUNNING);
    assertThat(ask(migrationId())).isEqualTo(Verdict.COMMITTED);
  }

  @Test
  void recordsKeptAfterSourceFailure() throws Exception {
    onEvent(enters(Side.SOURCE, Phase.StopCopy.class), trial::cut);

    assertThat(trial.run().failure().outcome()).isEqualTo(Outcome.SOURCE_RUNNING);

    assertThat(steps(Side.SOURCE)).containsExactly(JournalStep.PREPARED, JournalStep.KEPT);
    assertThat(steps(Side.TARGET)).containsExactly(JournalStep.PREPARED, JournalStep.RETURNED);
    assertThat(ask(migrationId())).isEqualTo(Verdict.NOT_COMMITTED);
  }

  /** Queries over a connection, as another process would. */
  private Verdict ask(MigrationId migration) throws Exception {
    LocalTransport.Pair pair = LocalTransport.pair(4000);
    Duration timeout = Duration.ofMinutes(1);
    MigrationId[] asked = new MigrationId[1];
    Thread target = Thread.ofPlatform().start(() -> {
      try (Transport end = pair.target()) {
        asked[0] = OwnershipQuery.answer(end, state, timeout).migration();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    });
    try (Transport end = pair.source()) {
      return OwnershipQuery.query(end, migration, timeout).verdict();
    } finally {
      target.join();
      assertThat(asked[0]).isEqualTo(migration);
    }
  }
}
