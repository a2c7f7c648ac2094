// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A command that saves the state of a device is killed; the server keeps the device with its state. */
class KilledCommandIT {

  private static final long MARK = 4711;

  @TempDir
  private Path folder;

  private ChildServer server;
  private ServedTestDevice source;

  @BeforeEach
  void serve() throws Exception {
    // Slow enough to be killed during it.
    server = ChildServer.start(CommandProcesses.serve(folder.resolve("a.sock"), "--fault", "slow=1m"));
    source = ServedTestDevice.inChildServer(server);
    source.mark(MARK);
  }

  @AfterEach
  void end() {
    server.close();
  }

  private void kill(String where, String... command) throws Exception {
    try (ChildProcess child = CommandProcesses.start(command)) {
      CommandProcesses.await(child,
          CommandProcesses.event("moved").and(event -> event.get("to").getAsString().equals(where)));
      child.kill();
      child.await(CommandProcesses.TIMEOUT);
    }
  }

  private String[] migration(String... more) {
    List<String> command = new ArrayList<>(List.of("migrate", "--from", source.address(), "--to",
        "sim:b?memory=" + ServedTestDevice.MEMORY, "--json", "--max-downtime", "30s", "--state-dir",
        state()));
    command.addAll(List.of(more));
    return command.toArray(String[]::new);
  }

  private String state() {
    return folder.resolve("state").toString();
  }

  private DeviceState stateOfSource() throws Exception {
    try (VfioUserClient client = source.awaitConnection()) {
      return client.state();
    }
  }

  @Test
  void keepsDeviceRunningDuringPreCopy() throws Exception {
    kill("PRE_COPY", migration());

    assertThat(stateOfSource()).isEqualTo(DeviceState.RUNNING);
    source.assertRunsWith(MARK);
    assertThat(CommandRun.vfio4j("recover", "--state-dir", state()).exitCode()).isEqualTo(ExitCodes.SUCCESS);
  }

  @Test
  void leavesStoppedDeviceForRecover() throws Exception {
    kill("STOP_COPY", migration("--no-pre-copy"));

    assertThat(stateOfSource()).isEqualTo(DeviceState.STOP);
    CommandRun recovered = CommandRun.vfio4j("recover", "--state-dir", state(), "--json");
    assertThat(recovered.exitCode()).as(recovered.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(recovered.events()).as("the source's record")
        .anyMatch(event -> event.get("event").getAsString().equals("settled")
            && event.get("side").getAsString().equals("source")
            && event.get("step").getAsString().equals("kept"));
    assertThat(recovered.event("resumed").get("device").getAsString()).isEqualTo(source.address());
    source.assertRunsWith(MARK);
  }

  @Test
  void resumesDeviceOfSaveWithoutJournal() throws Exception {
    kill("STOP_COPY", "save", source.address(), "--output", folder.resolve("state.file").toString(), "--json",
        "--max-downtime", "30s", "--no-pre-copy");

    assertThat(stateOfSource()).isEqualTo(DeviceState.STOP);
    CommandRun resumed = CommandRun.vfio4j("recover", "--resume", source.address(), "--state-dir", state());
    assertThat(resumed.exitCode()).as(resumed.err()).isEqualTo(ExitCodes.SUCCESS);
    source.assertRunsWith(MARK);
    CommandRun again = CommandRun.vfio4j("recover", "--resume", source.address(), "--state-dir", state());
    assertThat(again.out()).contains("is in RUNNING");
  }

  @Test
  void refusesNewMigrationOfStaleSource() throws Exception {
    kill("STOP_COPY", migration("--no-pre-copy"));

    assertThat(stateOfSource()).isEqualTo(DeviceState.STOP);
    for (String[] command : new String[][] {migration(),
        {"migrate", "--from", "sim:c?memory=" + ServedTestDevice.MEMORY, "--to", source.address(),
            "--state-dir",
            state()}}) {
      CommandRun refused = CommandRun.vfio4j(command);
      assertThat(refused.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(refused.err() + refused.out()).contains("This may be the only copy of its state")
          .contains("vfio4j recover --resume " + source.address());
      assertThat(stateOfSource()).isEqualTo(DeviceState.STOP);
    }
    assertThat(CommandRun.vfio4j("probe", source.address()).out()).contains("STOP");
    assertThat(CommandRun
        .vfio4j("migrate", "--from", source.address(), "--to", "sim:b?memory=" + ServedTestDevice.MEMORY,
            "--dry-run")
        .exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(stateOfSource()).as("inspecting does not change the state").isEqualTo(DeviceState.STOP);
    assertThat(CommandRun.vfio4j("recover", "--discard", source.address(), "--state-dir", state()).err())
        .contains("settle it first");
    CommandRun discarded = CommandRun.vfio4j("recover", "--discard", source.address(), "--state-dir",
        folder.resolve("elsewhere").toString());
    assertThat(discarded.exitCode()).as(discarded.err()).isEqualTo(ExitCodes.SUCCESS);
    source.assertRunsWith(0);
  }

  /** A target that dies after loading everything does not own the devices, and a hasty resume does not change that. */
  @Test
  void refusesToResumeStaleTarget() throws Exception {
    try (ServedTestDevice target = ServedTestDevice.start(folder.resolve("b.sock"))) {
      try (VfioUserClient loaded = target.connectKeepingState()) {
        loaded.moveTo(DeviceState.STOP);
      }
      StateDirectory.open(folder.resolve("state"))
          .begin(new Journal.Header(MigrationId.random(), Side.TARGET, List.of(target.address()), "a peer"))
          .add(JournalStep.RETURNED, "as after a failure");

      CommandRun resumed = CommandRun.vfio4j("recover", "--resume", target.address(), "--state-dir", state());
      assertThat(resumed.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(resumed.err()).contains("stale state").contains("recover --discard");
      try (VfioUserClient client = target.awaitConnection()) {
        assertThat(client.state()).isEqualTo(DeviceState.STOP);
      }
      assertThat(
          CommandRun.vfio4j("recover", "--discard", target.address(), "--state-dir", state()).exitCode())
          .isEqualTo(ExitCodes.SUCCESS);
      target.assertRunsWith(0);
    }
  }
}
