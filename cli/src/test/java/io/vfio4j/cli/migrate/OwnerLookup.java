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
 * Finds out who has a served device after a migration that may have failed: from the journals, by the command
 * {@code recover}, and from both servers over connections of its own.
 */
final class OwnerLookup {

  static final long MARK = 0x5eed;

  private static final Set<JournalStep> GIVEN_AWAY = EnumSet.of(JournalStep.GIVEN, JournalStep.CONFIRMED);

  private final StateDirectory state;
  private final KillableServer source;
  private final KillableServer target;
  private boolean decided;

  /**
   * Makes one.
   *
   * @param state with the journals of both sides
   */
  OwnerLookup(StateDirectory state, KillableServer source, KillableServer target) {
    this.state = state;
    this.source = source;
    this.target = target;
  }

  /** What there is at a server. */
  private enum Condition {
    /** The device runs with the state. */
    RUNS,
    /** It stands still, with the state. */
    STOPPED,
    /** It runs, and is as new. */
    RESET,
    /** Nobody serves it. */
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
   * Settles whose it is, while the source's side holds what it has; nobody drives the target's device.
   *
   * @return whether it is the source's
   */
  boolean settle() throws IOException {
    recover();
    if (lastStep(Side.SOURCE).filter(JournalStep.GIVEN::equals).isPresent()) {
      decide();
      recover();
    }
    assertThat(recover().exitCode()).as("nothing is open").isEqualTo(ExitCodes.SUCCESS);
    Optional<JournalStep> last = lastStep(Side.SOURCE);
    assertThat(last).isNotEqualTo(Optional.of(JournalStep.GIVEN));
    return last.filter(GIVEN_AWAY::contains).isEmpty();
  }

  private CommandRun recover() {
    return CommandRun.vfio4j("recover", "--json", "--state-dir", state.folder().toString());
  }

  /** A person looks at the target's device, and says there whose it is. */
  private void decide() throws IOException {
    decided = true;
    boolean runs = condition(target) == Condition.RUNS;
    JournalContents contents = journal(Side.TARGET).orElseThrow().read().orElseThrow();
    List<String> command = new ArrayList<>(List.of("recover", contents.header().migration().toString(),
        runs ? "--run-here" : "--give-up", "--state-dir", state.folder().toString()));
    if (target.isGone()) {
      command.add("--fenced"); // As a test knows that killed it, and recover cannot while the target's side lives.
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

  /** Tells who has it, in a few words, when nobody drives either device. */
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
    assertThat(isSources ? there : here).as("the other side runs it too").isNotEqualTo(Condition.RUNS);
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
