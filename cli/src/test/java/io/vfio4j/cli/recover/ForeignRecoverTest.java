// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.JournalFixture;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.testkit.Fault;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import io.vfio4j.testkit.foreign.ForeignServer;
import io.vfio4j.testkit.foreign.ServerTrait;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Messages and recovery for a device of the reference library, whose server leaves it in the state of its last client. The
 * advice works, and nothing is advised that would not work.
 */
class ForeignRecoverTest {

  @TempDir
  private Path folder;

  private SimulatedDevice device;
  private ForeignServer server;
  private String address;

  @BeforeEach
  void serve() throws Exception {
    serve(ServerTrait.referenceLibrary());
  }

  private void serve(Set<ServerTrait> traits, Fault... faults) throws Exception {
    Path socket = folder.resolve("f.sock");
    device = SimulatedSettings.named("device").withContent(64, 7).withFaults(faults).device();
    server = ForeignServer.listen(socket, device, traits);
    address = "vfio-user:" + socket;
  }

  @AfterEach
  void end() {
    server.close();
  }

  private void moveTo(DeviceState state) throws Exception {
    try (VfioUserClient client = VfioUserClient.connect(folder.resolve("f.sock"), ClientOptions.DEFAULT)) {
      client.moveTo(state);
    }
  }

  private CommandRun recover(String... more) {
    String[] all = new String[more.length + 4];
    System.arraycopy(new String[] {"recover", "--json", "--state-dir", folder.resolve("state").toString()}, 0,
        all,
        0, 4);
    System.arraycopy(more, 0, all, 4, more.length);
    return CommandRun.vfio4j(all);
  }

  @Test
  void resumesStoppedDeviceAsSuggested() throws Exception {
    long identity = device.stateFingerprint();
    moveTo(DeviceState.STOP);

    CommandRun probe = CommandRun.vfio4j("probe", address);
    assertThat(probe.out()).contains("vfio4j recover --resume " + address, "restart its server")
        .doesNotContain("recover --discard", "its server then resets it");
    CommandRun resumed = recover("--resume", address);
    assertThat(resumed.exitCode()).as(resumed.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(device.machineState()).isEqualTo(DeviceState.RUNNING);
    assertThat(device.stateFingerprint()).isEqualTo(identity);
    assertThat(server.violations()).isEmpty();
  }

  /** Only a restart of the server helps. */
  @Test
  void suggestsOnlyUsableCommandsForFailedTarget() throws Exception {
    moveTo(DeviceState.RESUMING);

    for (CommandRun said : List.of(CommandRun.vfio4j("probe", address),
        CommandRun.vfio4j("migrate", "--from", "sim:a", "--to", address, "--state-dir",
            folder.resolve("state").toString()),
        recover("--resume", address))) {
      assertThat(said.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(said.out() + said.err()).contains("RESUMING", "restart its server")
          .doesNotContain("recover --resume", "recover --discard", "its server then resets it");
    }
    CommandRun discarded = recover("--discard", address);
    assertThat(discarded.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(discarded.err()).contains("restart the server");
    assertThat(device.machineState()).isEqualTo(DeviceState.RESUMING);
  }

  @Test
  void claimsNoResetOnDisconnect() throws Exception {
    assertThat(CommandRun.vfio4j("probe", address).out()).contains("may then reset it, or leave it as it is")
        .doesNotContain("its server then resets it");

    server.close();
    serve(EnumSet.of(ServerTrait.PADS_DATA));
    assertThat(CommandRun.vfio4j("probe", address).out()).contains("may then reset it, or leave it as it is");
  }

  /** A reset would run the stopped device briefly there, and the other copy may already be running. */
  @Test
  void leavesStoppedSourceUntouchedOnAbandon() throws Exception {
    moveTo(DeviceState.STOP);
    MigrationId id = MigrationId.random();
    JournalFixture.write(folder.resolve("state"), id, Side.SOURCE, List.of(address), JournalStep.GIVEN);
    int acts = device.operations().size();

    CommandRun decided = recover(id.toString(), "--abandon");

    assertThat(decided.exitCode()).as(decided.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(decided.err()).contains("stopped in STOP", "restart the server");
    assertThat(device.machineState()).isEqualTo(DeviceState.STOP);
    assertThat(device.operations()).hasSize(acts);
  }

  /** An acknowledged reset may have had no effect: the device is fenced by stopping it, and is not resumed. */
  @Test
  void stopsRunningTarget() throws Exception {
    long identity = device.stateFingerprint();
    moveTo(DeviceState.RUNNING);
    MigrationId id = MigrationId.random();
    JournalFixture.write(folder.resolve("state"), id, Side.TARGET, List.of(address),
        JournalStep.COMMITTED);

    CommandRun looked = recover();
    assertThat(looked.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
    assertThat(looked.event("open-migration").getAsJsonArray("status").toString())
        .contains("its server does not report what happens when a client dies");
    assertThat(looked.event("open-migration").getAsJsonArray("decisions").toString())
        .contains("stops " + address, "not known to reset");
    CommandRun decided = recover(id.toString(), "--abandon");

    assertThat(decided.exitCode()).as(decided.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(decided.event("fenced").get("device").getAsString()).isEqualTo(address);
    assertThat(decided.err()).contains("not known to reset it", "restart the server");
    assertThat(device.machineState()).isEqualTo(DeviceState.STOP);
    assertThat(device.stateFingerprint()).isEqualTo(identity);
    assertThat(lastStep(id, Side.TARGET)).isEqualTo(JournalStep.RETURNED);
  }

  private JournalStep lastStep(MigrationId id, Side side) throws IOException {
    return StateDirectory.open(folder.resolve("state")).find(id, side).orElseThrow().read().orElseThrow()
        .last().step();
  }

  /** The device would resume with its old state while the target runs the other copy. */
  @Test
  void leavesStoppedSettledSourceUntouched() throws Exception {
    server.close();
    serve(EnumSet.of(ServerTrait.KEEPS_STATE, ServerTrait.RESET_LEAVES_STATE));
    moveTo(DeviceState.STOP);
    MigrationId id = MigrationId.random();
    Path state = folder.resolve("state");
    JournalFixture.write(state, id, Side.SOURCE, List.of(address), JournalStep.GIVEN);
    JournalFixture.write(state, id, Side.TARGET, List.of("vfio-user:" + folder.resolve("other.sock")),
        JournalStep.COMMITTED, JournalStep.RUNNING);
    int acts = device.operations().size();

    CommandRun settled = recover();

    assertThat(lastStep(id, Side.SOURCE)).isEqualTo(JournalStep.CONFIRMED);
    assertThat(settled.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
    assertThat(settled.err()).contains("stays in STOP", "restart its server");
    assertThat(device.machineState()).isEqualTo(DeviceState.STOP);
    assertThat(device.operations()).hasSize(acts);
    assertThat(recover("--discard", address).exitCode()).as("at the operator's request")
        .isEqualTo(ExitCodes.SUCCESS);
  }

  /** If one device cannot be fenced, the message warns against running the other, which was reset. */
  @Test
  void reportsDevicesResetBeforeFailure() throws Exception {
    server.close();
    serve(ServerTrait.referenceLibrary(), new Fault.ArcFailure(
        new Arc(DeviceState.RUNNING, DeviceState.STOP), Errno.EIO, false, Integer.MAX_VALUE),
        new Fault.ArcFailure(new Arc(DeviceState.RUNNING, DeviceState.RUNNING_P2P), Errno.EIO, false,
            Integer.MAX_VALUE));
    try (ServedTestDevice first = ServedTestDevice.start(folder.resolve("b.sock"))) {
      first.mark(1);
      MigrationId id = MigrationId.random();
      JournalFixture.write(folder.resolve("state"), id, Side.TARGET, List.of(first.address(), address),
          JournalStep.COMMITTED);

      CommandRun decided = recover(id.toString(), "--abandon");

      assertThat(decided.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
      assertThat(decided.err()).contains("nothing was recorded",
          "these devices may still be running here: " + address,
          "have lost their state; do not use --run-here: " + first.address());
      first.assertRunsWith(0);
      assertThat(device.machineState()).isEqualTo(DeviceState.RUNNING);
      assertThat(lastStep(id, Side.TARGET)).isEqualTo(JournalStep.COMMITTED);
    }
  }
}
