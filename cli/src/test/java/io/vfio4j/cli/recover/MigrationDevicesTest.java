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

/** Devices of an open migration that cannot be reached: which are certainly gone, and which are not. */
class MigrationDevicesTest {

  private static final long MARK = 42;

  @TempDir
  private Path folder;

  private Path state;
  private final MigrationId id = MigrationId.random();

  @BeforeEach
  void nameFolder() {
    state = folder.resolve("state");
  }

  private void recordCommitted(String... devices) throws IOException {
    JournalFixture.write(state, id, Side.TARGET, List.of(devices), JournalStep.COMMITTED);
  }

  private CommandRun abandon(String... more) {
    String[] all = new String[more.length + 5];
    System.arraycopy(
        new String[] {"recover", "--state-dir", state.toString(), id.toString(), "--abandon"}, 0, all, 0,
        5);
    System.arraycopy(more, 0, all, 5, more.length);
    return CommandRun.vfio4j(all);
  }

  private JournalStep lastStep() throws IOException {
    return StateDirectory.open(state).find(id, Side.TARGET).orElseThrow().read().orElseThrow().last()
        .step();
  }

  private void assertRefused(CommandRun run, String... reasons) throws IOException {
    assertThat(run.exitCode()).as(run.out()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
    assertThat(run.err()).contains("nothing was recorded").contains(reasons);
    assertThat(lastStep()).isEqualTo(JournalStep.COMMITTED);
  }

  /** Reports the effect of each decision without changing a device. */
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
          "vfio4j recover %s --run-here: refused: all devices must run here, and these cannot: %s"
              .formatted(id, gone),
          "vfio4j recover %s --abandon: resets %s, %s (their progress here is lost)".formatted(id,
              one.address(), other.address()));
      try (VfioUserClient client = other.awaitConnection()) {
        assertThat(client.state()).isEqualTo(DeviceState.STOP);
      }
      assertThat(lastStep()).isEqualTo(JournalStep.COMMITTED);
    }
  }

  /** The socket file is gone, but the server still serves the device. */
  @Test
  void treatsServerWithRemovedSocketAsAlive() throws Exception {
    // A name unique on this host: only the name is known of a socket bound to a relative path.
    Path socket = folder.resolve("b-%s.sock".formatted(id));
    try (ServedTestDevice _ = ServedTestDevice.start(socket)) {
      Files.delete(socket);
      recordCommitted("vfio-user:" + socket);

      assertRefused(abandon(), "its socket file was removed or replaced");
      assertRefused(abandon("--fenced"), "its socket file was removed or replaced");
    }
    CommandRun ended = abandon();
    assertThat(ended.exitCode()).as(ended.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(lastStep()).isEqualTo(JournalStep.RETURNED);
  }

  @Test
  void requiresFencingOfUnlocatableDevice() throws Exception {
    recordCommitted("vfio-user:relative.sock", "custom-device");

    assertRefused(abandon(), "relative to an unknown directory", "its address is unknown",
        "--fenced");
    assertThat(abandon("--fenced").exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(lastStep()).isEqualTo(JournalStep.RETURNED);
  }

  /** The device ran, since a later migration moved its state to another host, where it may be running. */
  @Test
  void refusesToAbandonDeviceMigratedLater() throws Exception {
    String device = "vfio-user:" + folder.resolve("b.sock");
    recordCommitted(device);
    JournalFixture.write(state, MigrationId.random(), Side.SOURCE, List.of(device), JournalStep.GIVEN,
        JournalStep.CONFIRMED);

    assertRefused(abandon(), "has since migrated it to the other host");
    CommandRun runs =
        CommandRun.vfio4j("recover", "--state-dir", state.toString(), id.toString(), "--run-here");
    assertThat(runs.exitCode()).as(runs.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(lastStep()).isEqualTo(JournalStep.RUNNING);
  }

  /** The later migration never accepted the device, which still runs with its state. */
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
      assertThat(resumed.err()).contains(id.toString(), "settle it first");

      CommandRun given = abandon();

      assertThat(given.exitCode()).as(given.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(given.out()).contains(device.address() + " runs (RUNNING)").doesNotContain("is gone");
      device.assertRunsWith(0);
    }
    assertThat(lastStep()).isEqualTo(JournalStep.RETURNED);
  }

  /** The state was migrated to another host; later use of the device does not change that. */
  @Test
  void refusesToAbandonReusedDevice() throws Exception {
    String device = "vfio-user:" + folder.resolve("b.sock");
    recordCommitted(device);
    JournalFixture.write(state, MigrationId.random(), Side.SOURCE, List.of(device), JournalStep.GIVEN,
        JournalStep.CONFIRMED);
    JournalFixture.write(state, MigrationId.random(), Side.TARGET, List.of(device), JournalStep.COMMITTED,
        JournalStep.RUNNING);

    assertRefused(abandon(), "has since migrated it to the other host");
  }

  /** The device that responds is a new one, not that of the migration. */
  @Test
  void treatsPerClientDeviceAsGone() throws Exception {
    try (ServedTestDevice served = ServedTestDevice.onePerClient(folder.resolve("b.sock"))) {
      recordCommitted(served.address());
      try (VfioUserClient client = served.connectKeepingState()) {
        assertThat(client.resetsOnDisconnect()).as("announced although no capability was granted").isTrue();
        assertThat(client.keepsState()).isFalse();
      }

      CommandRun runs =
          CommandRun.vfio4j("recover", "--state-dir", state.toString(), id.toString(), "--run-here");
      assertRefused(runs, "these cannot: " + served.address());
      assertThat(runs.out())
          .contains("is gone: its server reset or destroyed it when its client disconnected");
      assertThat(abandon().exitCode()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(lastStep()).isEqualTo(JournalStep.RETURNED);
    }
  }

  @Test
  void treatsInProcessDeviceAsGone() throws Exception {
    recordCommitted("sim:b");

    assertThat(abandon().exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(lastStep()).isEqualTo(JournalStep.RETURNED);
  }

  /** The process of the target may be about to start the devices. */
  @Test
  void refusesWhileProcessIsAlive() throws Exception {
    Path alive = folder.resolve("alive");
    StateDirectory directory = StateDirectory.open(alive);
    try (ServedTestDevice other = ServedTestDevice.start(folder.resolve("b.sock"))) { // As a server with a device per client shows it.
      other.mark(MARK);
      directory
          .begin(new Journal.Header(id, Side.TARGET, List.of("sim:b", other.address()), "a peer"))
          .add(JournalStep.COMMITTED, "accepted");
      MigrationId served = MigrationId.random();
      directory.begin(new Journal.Header(served, Side.TARGET, List.of(other.address()), "a peer"))
          .add(JournalStep.COMMITTED, "accepted");

      for (MigrationId candidate : List.of(id, served)) {
        for (String answer : List.of("--abandon", "--run-here")) {
          CommandRun run =
              CommandRun.vfio4j("recover", "--state-dir", alive.toString(), candidate.toString(), answer,
                  "--fenced");
          assertThat(run.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
          assertThat(run.err()).contains("nothing was recorded",
              "process %d, which is migrating the devices, is still running"
                  .formatted(ProcessHandle.current().pid()),
              "end it first");
        }
      }
      other.assertRunsWith(MARK);
    }
  }
}
