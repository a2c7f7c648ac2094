// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.JournalFixture;
import io.vfio4j.cli.testing.RecordingServer;
import io.vfio4j.cli.testing.RunningCopyChecker;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.migration.OwnershipQuery;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportListener;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Two devices whose migration was interrupted by the death of both commands after the target had recorded
 * <em>committed</em>, with a state directory for each host. An operator decides, and the servers are checked for the result.
 */
final class DecisionScenario implements AutoCloseable {

  private static final int DEVICES = 2;
  private static final long MARK = 0xdec1de;
  private static final Duration TIMEOUT = Duration.ofSeconds(60);
  private static final int CHUNK = 1 << 20;

  /** The condition of a target device when the operator decides. */
  enum Condition {
    STOPPED("is stopped"), RUNS("runs"), IN_USE("runs, in use by another client"),
    GONE("is gone with its server");

    final String description;

    Condition(String words) {
      this.description = words;
    }
  }

  /** The decision, and the side where it is made. */
  enum Answer {
    TARGET_RUN_HERE("at the target: `--run-here`"), //
    TARGET_ABANDON("at the target: `--abandon`"), //
    TARGET_ABANDON_FENCED("at the target: `--abandon --fenced`"), //
    SOURCE_RUN_HERE("at the source: `--run-here`"), //
    SOURCE_RUN_HERE_ASKING("at the source: `--run-here --ask`"), //
    SOURCE_ABANDON("at the source: `--abandon`"), //
    RESUME("to the command that holds the source: `resume`");

    final String description;

    Answer(String words) {
      this.description = words;
    }
  }

  private final Path here;
  private final List<RecordingServer> sourceRecordings = new ArrayList<>();
  private final List<RecordingServer> targetRecordings = new ArrayList<>();
  private final List<ServedTestDevice> sources = new ArrayList<>();
  private final List<ServedTestDevice> targets = new ArrayList<>();
  private final List<VfioUserClient> users = new ArrayList<>();
  private final List<Condition> conditions;
  private final MigrationId id = MigrationId.random();

  /** Brings the devices into the state in which the commands died. */
  DecisionScenario(Path here, List<Condition> conditions) throws IOException {
    this.here = here;
    this.conditions = conditions;
    for (int i = 0; i < DEVICES; i++) {
      sources.add(serve("a" + i, sourceRecordings));
      targets.add(serve("b" + i, targetRecordings));
      sources.get(i).mark(MARK + i);
      migrate(sources.get(i), targets.get(i));
    }
    JournalFixture.write(folder(Side.SOURCE), id, Side.SOURCE, addresses(sources), JournalStep.GIVEN);
    JournalFixture.write(folder(Side.TARGET), id, Side.TARGET, addresses(targets),
        JournalStep.COMMITTED);
    for (int i = 0; i < DEVICES; i++) {
      prepare(targets.get(i), conditions.get(i));
    }
  }

  private ServedTestDevice serve(String name, List<RecordingServer> recordings) throws IOException {
    RecordingServer recorded = RecordingServer.inProcess(here.resolve(name + ".record"));
    recordings.add(recorded);
    return ServedTestDevice.start(here.resolve(name), recorded.recording());
  }

  private static List<String> addresses(List<ServedTestDevice> devices) {
    return devices.stream().map(ServedTestDevice::address).toList();
  }

  private Path folder(Side side) {
    return here.resolve(side.toString());
  }

  static void migrate(ServedTestDevice from, ServedTestDevice to) throws DeviceException {
    try (VfioUserClient source = from.connectKeepingState();
        VfioUserClient target = to.connectKeepingState();
        Arena arena = Arena.ofConfined()) {
      SavingSession saving = source.moveTo(DeviceState.STOP_COPY).savingSession();
      ResumingSession resuming = target.moveTo(DeviceState.RESUMING).resumingSession();
      MemorySegment buffer = arena.allocate(CHUNK, Long.BYTES);
      for (long read = saving.read(buffer); read != SavingSession.END; read = saving.read(buffer)) {
        resuming.write(buffer.asSlice(0, read));
      }
      target.moveTo(DeviceState.STOP);
    }
  }

  private void prepare(ServedTestDevice device, Condition condition) throws DeviceException {
    switch (condition) {
      case STOPPED -> {
        // As the command left it after loading.
      }
      case RUNS, IN_USE -> {
        VfioUserClient client = device.awaitConnection();
        client.moveTo(DeviceState.RUNNING);
        if (condition == Condition.IN_USE) {
          users.add(client);
        } else {
          client.close();
        }
      }
      case GONE -> device.close();
    }
  }

  /** Decides, resolves the source, and returns the owner of the devices as text. */
  String run(Answer answer) throws IOException, InterruptedException {
    List<JournalStep> before = List.of(lastStep(Side.SOURCE), lastStep(Side.TARGET));
    boolean done = answer == Answer.RESUME ? resume() : decide(answer);
    if (!done) {
      assertThat(List.of(lastStep(Side.SOURCE), lastStep(Side.TARGET))).as("nothing is recorded")
          .isEqualTo(before);
    }
    disconnectUsers();
    boolean isAnswer = done && lastStep(Side.SOURCE) == JournalStep.GIVEN;
    if (isAnswer) {
      CommandRun asked = withAnswerServer(ask -> recover(Side.SOURCE, "--ask", ask));
      assertThat(asked.exitCode()).as(asked.err()).isEqualTo(ExitCodes.SUCCESS);
    }
    String words = done ? outcome() : "refused" + requireStoppedSources();
    assertOneOwner();
    return words;
  }

  private boolean decide(Answer answer) throws IOException, InterruptedException {
    String migration = id.toString();
    CommandRun decided = switch (answer) {
      case TARGET_RUN_HERE -> recover(Side.TARGET, migration, "--run-here");
      case TARGET_ABANDON -> recover(Side.TARGET, migration, "--abandon");
      case TARGET_ABANDON_FENCED -> recover(Side.TARGET, migration, "--abandon", "--fenced");
      case SOURCE_RUN_HERE -> recover(Side.SOURCE, migration, "--run-here");
      case SOURCE_RUN_HERE_ASKING ->
        withAnswerServer(ask -> recover(Side.SOURCE, migration, "--run-here", "--ask", ask));
      case SOURCE_ABANDON -> recover(Side.SOURCE, migration, "--abandon");
      case RESUME -> throw new IllegalArgumentException("no command");
    };
    assertThat(decided.exitCode()).as(decided.err()).isIn(ExitCodes.SUCCESS, ExitCodes.INTERVENTION_REQUIRED);
    if (decided.exitCode() == ExitCodes.INTERVENTION_REQUIRED) {
      assertThat(decided.err()).contains("nothing was recorded for migration " + id);
      assertNames(answer, decided.err());
    }
    return decided.exitCode() == ExitCodes.SUCCESS;
  }

  /** A refused decision names the device. */
  private void assertNames(Answer answer, String err) {
    for (int i = 0; i < DEVICES; i++) {
      boolean isTarget = answer.description.startsWith("at the target");
      boolean isReason = conditions.get(i) == Condition.IN_USE
          || (answer == Answer.TARGET_RUN_HERE && conditions.get(i) == Condition.GONE);
      if (isTarget && isReason) {
        assertThat(err).contains(targets.get(i).address());
      }
    }
  }

  /** As the command that holds the source devices does when the operator types a command. */
  private boolean resume() throws IOException {
    StateDirectory state = StateDirectory.open(folder(Side.SOURCE));
    HeldSourceJournal held =
        new OwnershipResolver(state, Optional.empty()).heldSourceJournal(id).orElseThrow();
    return held.recordReturn(false).isEmpty();
  }

  private void disconnectUsers() {
    users.forEach(VfioUserClient::close);
    users.clear();
  }

  /** An action while the target's host answers queries. */
  @FunctionalInterface
  private interface Asking {
    CommandRun with(String address) throws IOException;
  }

  private CommandRun withAnswerServer(Asking question) throws IOException, InterruptedException {
    StateDirectory state = StateDirectory.open(folder(Side.TARGET));
    String address = "unix:" + here.resolve("ask.sock");
    try (TransportListener listener =
        TransportListener.open(TransportAddress.parse(address), PeerPolicy.OWN_USER, refused -> {
        })) {
      Thread answering =
          Thread.ofPlatform().name("test-answer").start(() -> answerQuestions(listener, state));
      try {
        return question.with(address);
      } finally {
        answering.interrupt();
        answering.join();
      }
    }
  }

  private static void answerQuestions(TransportListener listener, StateDirectory state) {
    try {
      while (true) {
        try (Transport asker = listener.accept(TIMEOUT)) {
          OwnershipQuery.answer(asker, state, TIMEOUT);
        }
      }
    } catch (InterruptedIOException e) {
      // All queries are done.
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private CommandRun recover(Side side, String... more) {
    List<String> command =
        new ArrayList<>(List.of("recover", "--json", "--state-dir", folder(side).toString()));
    command.addAll(List.of(more));
    return CommandRun.vfio4j(command.toArray(String[]::new));
  }

  private JournalStep lastStep(Side side) throws IOException {
    return StateDirectory.open(folder(side)).find(id, side).orElseThrow().read().orElseThrow().last()
        .step();
  }

  /** The condition of a device after the decision. */
  private enum Found {
    RUNS("runs"), STOPPED("is stopped"), RESET("is reset"), GONE("is gone");

    private final String words;

    Found(String words) {
      this.words = words;
    }
  }

  private Found observe(ServedTestDevice device, int number) throws DeviceException {
    if (targets.get(number) == device && conditions.get(number) == Condition.GONE) {
      return Found.GONE;
    }
    try (VfioUserClient client = device.awaitConnection()) {
      long mark = client.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH);
      assertThat(mark).isIn(0L, MARK + number);
      DeviceState state = client.state();
      assertThat(state).isIn(DeviceState.RUNNING, DeviceState.STOP);
      if (mark == 0) {
        assertThat(state).isEqualTo(DeviceState.RUNNING);
        return Found.RESET;
      }
      return state == DeviceState.RUNNING ? Found.RUNS : Found.STOPPED;
    }
  }

  private List<Found> observe(List<ServedTestDevice> devices) throws DeviceException {
    List<Found> found = new ArrayList<>();
    for (int i = 0; i < DEVICES; i++) {
      found.add(observe(devices.get(i), i));
    }
    return found;
  }

  private String outcome() throws DeviceException {
    List<Found> there = observe(targets);
    List<Found> own = observe(sources);
    if (own.stream().allMatch(Found.RUNS::equals)) {
      assertThat(there).as("at the target").isSubsetOf(Found.RESET, Found.GONE);
      return "source";
    }
    assertThat(own).as("at the source").containsOnly(Found.RESET);
    if (there.stream().allMatch(Found.RUNS::equals)) {
      return "target";
    }
    return IntStream.range(0, DEVICES)
        .mapToObj(i -> "the %s %s".formatted(i == 0 ? "first" : "second", there.get(i).words)).reduce(
            (one, other) -> "not the source's; at the target, " + one + ", " + other)
        .orElseThrow();
  }

  /** A refused decision leaves each device as it was. */
  private String requireStoppedSources() throws DeviceException {
    assertThat(observe(sources)).containsOnly(Found.STOPPED);
    return "";
  }

  private void assertOneOwner() throws IOException {
    for (int i = 0; i < DEVICES; i++) {
      RunningCopyChecker.assertNeverBothRunning(sourceRecordings.get(i), targetRecordings.get(i));
    }
  }

  @Override
  public void close() throws IOException {
    disconnectUsers();
    sources.forEach(ServedTestDevice::close);
    for (int i = 0; i < targets.size(); i++) {
      if (conditions.get(i) != Condition.GONE) {
        targets.get(i).close();
      }
    }
    for (RecordingServer recorded : sourceRecordings) {
      recorded.close();
    }
    for (RecordingServer recorded : targetRecordings) {
      recorded.close();
    }
  }
}
