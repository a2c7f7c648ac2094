// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.JournalFixture;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Devices that a person's word is about, and that cannot be reached: which of them are gone for sure, and which are not. */
class MigrationDevicesTest {

  private static final long MARK = 42;

  @TempDir
  private Path folder;

  private Path state;
  private final MigrationId session = MigrationId.random();

  @BeforeEach
  void nameFolder() {
    state = folder.resolve("state");
  }

  private void recordCommitted(String... devices) throws IOException {
    JournalFixture.write(state, session, Side.TARGET, List.of(devices), JournalStep.COMMITTED);
  }

  private CommandRun giveUp(String... more) {
    String[] all = new String[more.length + 5];
    System.arraycopy(
        new String[] {"recover", "--state-dir", state.toString(), session.toString(), "--give-up"}, 0, all, 0,
        5);
    System.arraycopy(more, 0, all, 5, more.length);
    return CommandRun.vfio4j(all);
  }

  private JournalStep lastStep() throws IOException {
    return StateDirectory.open(state).find(session, Side.TARGET).orElseThrow().read().orElseThrow().last()
        .step();
  }

  private void assertRefused(CommandRun run, String... reasons) throws IOException {
    assertThat(run.exitCode()).as(run.out()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
    assertThat(run.err()).contains("nothing was recorded").contains(reasons);
    assertThat(lastStep()).isEqualTo(JournalStep.COMMITTED);
  }

  /** It only looks: whoever answers is told before what that would do. */
  @Test
  void listsMixedGroupAndEffectOfEachAnswer() throws Exception {
    try (ServedTestDevice one = ServedTestDevice.start(folder.resolve("b0.sock"));
        ServedTestDevice other = ServedTestDevice.start(folder.resolve("b1.sock"))) {
      try (VfioUserClient client = other.connectKeepingState()) {
        client.moveTo(DeviceState.STOP);
      }
      String gone = "vfio-user:" + folder.resolve("b2.sock");
      recordCommitted(one.address(), other.address(), gone);

      CommandRun shown = CommandRun.vfio4j("recover", "--state-dir", state.toString());

      assertThat(shown.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
      assertThat(shown.out()).contains(one.address() + " runs (RUNNING)",
          other.address() + " is stopped with its state (STOP)", gone + " is gone: no process serves it",
          "vfio4j recover %s --run-here: refused as it is, since all have to run here, and these cannot: %s"
              .formatted(session, gone),
          "vfio4j recover %s --give-up: resets %s, %s, so that what they did here is lost".formatted(session,
              one.address(), other.address()));
      try (VfioUserClient client = other.awaitConnection()) {
        assertThat(client.state()).isEqualTo(DeviceState.STOP);
      }
      assertThat(lastStep()).isEqualTo(JournalStep.COMMITTED);
    }
  }

  /** Its file is gone, and it serves the device all the same. */
  @Test
  void treatsServerWithRemovedSocketAsAlive() throws Exception {
    // Named as nobody's else is on this host: of one that was bound to a relative path only the name is known.
    Path socket = folder.resolve("b-%s.sock".formatted(session));
    try (ServedTestDevice _ = ServedTestDevice.start(socket)) {
      Files.delete(socket);
      recordCommitted("vfio-user:" + socket);

      assertRefused(giveUp(), "its socket file was removed or replaced");
      assertRefused(giveUp("--fenced"), "its socket file was removed or replaced");
    }
    CommandRun ended = giveUp();
    assertThat(ended.exitCode()).as(ended.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(lastStep()).isEqualTo(JournalStep.RETURNED);
  }

  @Test
  void requiresFencingOfUnlocatableDevice() throws Exception {
    recordCommitted("vfio-user:relative.sock", "somebody's own");

    assertRefused(giveUp(), "relative to a directory that is not known", "its address is not known",
        "--fenced");
    assertThat(giveUp("--fenced").exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(lastStep()).isEqualTo(JournalStep.RETURNED);
  }

  /** It ran, or it could not have been moved on: the state is elsewhere, and may run there. */
  @Test
  void refusesToGiveUpDeviceMovedOn() throws Exception {
    String device = "vfio-user:" + folder.resolve("b.sock");
    recordCommitted(device);
    JournalFixture.write(state, MigrationId.random(), Side.SOURCE, List.of(device), JournalStep.GIVEN,
        JournalStep.CONFIRMED);

    assertRefused(giveUp(), "has moved it to the other host since");
    CommandRun runs =
        CommandRun.vfio4j("recover", "--state-dir", state.toString(), session.toString(), "--run-here");
    assertThat(runs.exitCode()).as(runs.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(lastStep()).isEqualTo(JournalStep.RUNNING);
  }

  /** The later one never took the device, which still runs what it was given. */
  @ParameterizedTest
  @CsvSource({"TARGET,PREPARED", "TARGET,REFUSED", "TARGET,RETURNED", "SOURCE,PREPARED", "SOURCE,KEPT",
      "SOURCE,RETURNED"})
  void findsDeviceDespiteLaterFailedMigration(Side side, JournalStep end) throws Exception {
    try (ServedTestDevice device = ServedTestDevice.start(folder.resolve("b.sock"))) {
      device.mark(MARK);
      recordCommitted(device.address());
      JournalStep[] steps = end == JournalStep.PREPARED ? new JournalStep[0] : new JournalStep[] {end};
      JournalFixture.write(state, MigrationId.random(), side, List.of(device.address()), steps);
      CommandRun resumed =
          CommandRun.vfio4j("recover", "--state-dir", state.toString(), "--resume", device.address());
      assertThat(resumed.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
      assertThat(resumed.err()).contains(session.toString(), "settle that first");

      CommandRun given = giveUp();

      assertThat(given.exitCode()).as(given.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(given.out()).contains(device.address() + " runs (RUNNING)").doesNotContain("is gone");
      device.assertRunsWith(0);
    }
    assertThat(lastStep()).isEqualTo(JournalStep.RETURNED);
  }

  /** It went to another host, and runs there; what the device was used for since changes nothing of that. */
  @Test
  void refusesToGiveUpReusedDevice() throws Exception {
    String device = "vfio-user:" + folder.resolve("b.sock");
    recordCommitted(device);
    JournalFixture.write(state, MigrationId.random(), Side.SOURCE, List.of(device), JournalStep.GIVEN,
        JournalStep.CONFIRMED);
    JournalFixture.write(state, MigrationId.random(), Side.TARGET, List.of(device), JournalStep.COMMITTED,
        JournalStep.RUNNING);

    assertRefused(giveUp(), "has moved it to the other host since");
  }

  /** The device that answers runs, and is another one. */
  @Test
  void treatsPerClientDeviceAsGone() throws Exception {
    try (ServedTestDevice served = ServedTestDevice.onePerClient(folder.resolve("b.sock"))) {
      recordCommitted(served.address());
      try (VfioUserClient client = served.connectKeepingState()) {
        assertThat(client.resetsOnDisconnect()).as("it says so, though it grants nothing").isTrue();
        assertThat(client.keepsState()).isFalse();
      }

      CommandRun runs =
          CommandRun.vfio4j("recover", "--state-dir", state.toString(), session.toString(), "--run-here");
      assertRefused(runs, "these cannot: " + served.address());
      assertThat(runs.out()).contains("is gone: its server reset it, or ended it, when its client went");
      assertThat(giveUp().exitCode()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(lastStep()).isEqualTo(JournalStep.RETURNED);
    }
  }

  @Test
  void treatsInProcessDeviceAsGone() throws Exception {
    recordCommitted("sim:b");

    assertThat(giveUp().exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(lastStep()).isEqualTo(JournalStep.RETURNED);
  }

  /** It may still be about to start them. */
  @Test
  void refusesWhileProcessIsAlive() throws Exception {
    Path alive = folder.resolve("alive");
    StateDirectory directory = StateDirectory.open(alive);
    try (ServedTestDevice other = ServedTestDevice.start(folder.resolve("b.sock"))) { // As one that each client gets of its own.
      other.mark(MARK);
      directory
          .begin(new Journal.Header(session, Side.TARGET, List.of("sim:b", other.address()), "somebody"))
          .add(JournalStep.COMMITTED, "it was given them");
      MigrationId served = MigrationId.random();
      directory.begin(new Journal.Header(served, Side.TARGET, List.of(other.address()), "somebody"))
          .add(JournalStep.COMMITTED, "it was given them");

      for (MigrationId asked : List.of(session, served)) {
        for (String answer : List.of("--give-up", "--run-here")) {
          CommandRun run =
              CommandRun.vfio4j("recover", "--state-dir", alive.toString(), asked.toString(), answer,
                  "--fenced");
          assertThat(run.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
          assertThat(run.err()).contains("nothing was recorded", "process %d, which moved them, still runs"
              .formatted(ProcessHandle.current().pid()), "end it first");
        }
      }
      other.assertRunsWith(MARK);
    }
  }
}
