// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.KillableServer;
import io.vfio4j.cli.testing.RunningCopyChecker;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.JournalContents;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Determines the owner of a served device after a migration that may have failed: from the journals, with the command
 * {@code recover}, and from both servers over separate connections.
 */
final class OwnerLookup {

  static final long MARK = 0x5eed;

  private static final Set<JournalStep> GIVEN_AWAY = EnumSet.of(JournalStep.GIVEN, JournalStep.CONFIRMED);

  private final StateDirectory state;
  private final KillableServer source;
  private final KillableServer target;
  private boolean decided;

  /**
   * Creates a lookup.
   *
   * @param state with the journals of both sides
   */
  OwnerLookup(StateDirectory state, KillableServer source, KillableServer target) {
    this.state = state;
    this.source = source;
    this.target = target;
  }

  /** The condition of the device at a server. */
  private enum Condition {
    /** The device runs with the state. */
    RUNS,
    /** It is stopped with the state. */
    STOPPED,
    /** It runs without the state. */
    RESET,
    /** Its server has ended. */
    GONE
  }

  private static Condition condition(KillableServer server) throws IOException {
    if (server.isGone()) {
      return Condition.GONE;
    }
    try (VfioUserClient client = server.device().awaitConnection()) {
      long[] marks = {client.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH),
          client.readLong(ScratchLayout.MEMORY_BAR, 0),
          client.readLong(ScratchLayout.MEMORY_BAR, ServedTestDevice.MEMORY - Long.BYTES)};
      assertThat(marks).as("register and memory, in %s", client.state())
          .isIn(new long[] {MARK, MARK, MARK}, new long[3]);
      DeviceState is = client.state();
      assertThat(is).isIn(DeviceState.RUNNING, DeviceState.STOP);
      if (marks[0] != MARK) {
        assertThat(is).as("a device that was reset").isEqualTo(DeviceState.RUNNING);
        return Condition.RESET;
      }
      return is == DeviceState.RUNNING ? Condition.RUNS : Condition.STOPPED;
    }
  }

  /**
   * Settles the ownership while the source holds its device; the target device has no client.
   *
   * @return whether the source owns it
   */
  boolean settle() throws IOException {
    recover();
    if (lastStep(Side.SOURCE).filter(JournalStep.GIVEN::equals).isPresent()) {
      decide();
      recover();
    }
    assertThat(recover().exitCode()).as("no migration is open").isEqualTo(ExitCodes.SUCCESS);
    Optional<JournalStep> last = lastStep(Side.SOURCE);
    assertThat(last).isNotEqualTo(Optional.of(JournalStep.GIVEN));
    return last.filter(GIVEN_AWAY::contains).isEmpty();
  }

  private CommandRun recover() {
    return CommandRun.vfio4j("recover", "--json", "--state-dir", state.folder().toString());
  }

  /** Decides at the target, according to the condition of its device. */
  private void decide() throws IOException {
    decided = true;
    boolean runs = condition(target) == Condition.RUNS;
    JournalContents contents = journal(Side.TARGET).orElseThrow().read().orElseThrow();
    List<String> command = new ArrayList<>(List.of("recover", contents.header().migration().toString(),
        runs ? "--run-here" : "--abandon", "--state-dir", state.folder().toString()));
    if (target.isGone()) {
      command.add("--fenced"); // The test has killed the server; recover cannot know that while the target process is running.
    }
    CommandRun said = CommandRun.vfio4j(command.toArray(String[]::new));
    assertThat(said.exitCode()).as(said.err()).isEqualTo(ExitCodes.SUCCESS);
  }

  private Optional<JournalStep> lastStep(Side side) throws IOException {
    Optional<JournalFile> file = journal(side);
    return file.isPresent()
        ? file.get().read().map(contents -> contents.last().step())
        : Optional.empty();
  }

  private Optional<JournalFile> journal(Side side) throws IOException {
    for (JournalFile file : state.all()) {
      Optional<JournalContents> contents = file.read();
      if (contents.isPresent() && contents.get().header().side() == side) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  /** Returns the owner as text; neither device has a client. */
  String outcome(boolean isSources) throws IOException {
    if (isSources && condition(source) == Condition.STOPPED) {
      CommandRun resumed =
          CommandRun.vfio4j("recover", "--resume", source.device().address(), "--state-dir",
              state.folder().toString());
      assertThat(resumed.exitCode()).as(resumed.err()).isEqualTo(ExitCodes.SUCCESS);
    }
    Condition here = condition(source);
    Condition there = condition(target);
    RunningCopyChecker.assertNeverBothRunning(source.recorded(), target.recorded());
    assertThat(isSources ? there : here).as("also runs on the other side").isNotEqualTo(Condition.RUNS);
    String side = isSources ? "source" : "target";
    String words = switch (isSources ? here : there) {
      case RUNS -> side;
      case STOPPED -> throw new AssertionError("the %s stands still".formatted(side));
      case RESET -> "lost: the %s's device had to be reset".formatted(side);
      case GONE -> "lost: the %s's device is gone".formatted(side);
    };
    return decided ? "an operator decides: " + words : words;
  }
}
