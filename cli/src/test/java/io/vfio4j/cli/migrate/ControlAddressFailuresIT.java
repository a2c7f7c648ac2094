// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CheckingVmm;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that fail on a device through its control socket: its VMM, which checks everything, does not notice. */
@Tag("long")
class ControlAddressFailuresIT {

  private static final int ROUNDS = 3;

  @TempDir
  private Path folder;

  private ChildServer source;
  private CheckingVmm vmm;

  @BeforeEach
  void serveVmm() throws Exception {
    source = serve("a", "--max-hold", "60s");
    vmm = CheckingVmm.start(source.socket());
    assertThat(vmm.awaitRounds(ROUNDS)).isTrue();
  }

  @AfterEach
  void end() {
    vmm.close();
    source.close();
  }

  private ChildServer serve(String name, String... more) throws Exception {
    List<String> arguments =
        new ArrayList<>(List.of("--control", folder.resolve(name + ".control").toString()));
    arguments.addAll(List.of(more));
    return ChildServer
        .start(CommandProcesses.serve(folder.resolve(name + ".sock"), arguments.toArray(String[]::new)));
  }

  private String control(String name) {
    return "control:" + folder.resolve(name + ".control");
  }

  private String state(String side) {
    return folder.resolve("state-" + side).toString();
  }

  private void assertVmmContinues() throws Exception {
    assertThat(vmm.awaitRounds(ROUNDS)).isTrue();
    vmm.finish(0);
  }

  private static void assertReset(ChildServer server) throws Exception {
    try (VfioUserClient next = VfioUserClient.connect(server.socket(), ClientOptions.DEFAULT)) {
      assertThat(next.state()).isEqualTo(DeviceState.RUNNING);
      assertThat(next.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.COMPLETED)).isZero();
    }
  }

  @Test
  void saveOfStateThatCannotBeRead() throws Exception {
    vmm.close();
    source.close();
    source = serve("c", "--max-hold", "60s", "--fault", "read,at=100000,errno=EIO");
    vmm = CheckingVmm.start(source.socket());
    CommandRun run =
        CommandRun.vfio4j("save", control("c"), "--output", folder.resolve("c.state").toString());
    assertThat(run.exitCode()).as(run.out()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains("EIO");
    assertVmmContinues();
  }

  @Test
  void restoreThatTargetRefuses() throws Exception {
    String file = folder.resolve("a.state").toString();
    try (ChildServer b = serve("b", "--fault", "write,at=100000,errno=EIO")) {
      CommandRun saved = CommandRun.vfio4j("save", control("a"), "--output", file, "--max-downtime", "60s");
      assertThat(saved.exitCode()).as(saved.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(vmm.awaitRounds(ROUNDS)).isTrue();

      CommandRun restored = CommandRun.vfio4j("restore", file, control("b"));
      assertThat(restored.exitCode()).as(restored.out()).isEqualTo(ExitCodes.FAILURE);
      assertThat(restored.err()).contains("EIO");
      assertReset(b);
      assertVmmContinues();
    }
  }

  @Test
  void migrationThatTargetRefuses() throws Exception {
    try (ChildServer b = serve("b", "--fault", "arc=RESUMING>STOP,errno=EIO,times=1")) {
      CommandRun run = CommandRun.vfio4j("migrate", "--from", control("a"), "--to", control("b"),
          "--max-downtime", "60s", "--state-dir", state("both"));
      assertThat(run.exitCode()).as(run.out()).isEqualTo(ExitCodes.FAILURE);
      assertThat(run.err()).contains("EIO");
      assertReset(b);
      assertVmmContinues();
    }
  }

  /** Sent again, the device leaves its VMM. */
  @Test
  void sendToTargetThatRefusesOnce() throws Exception {
    String address = "unix:" + folder.resolve("move.sock");
    try (ChildServer b = serve("b", "--fault", "arc=RESUMING>STOP,errno=EIO,times=1")) {
      CommandRun refused = send(address, ExitCodes.FAILURE);
      assertThat(refused.exitCode()).as(refused.out()).isEqualTo(ExitCodes.FAILURE);
      assertReset(b);
      assertThat(vmm.awaitRounds(ROUNDS)).isTrue();

      CommandRun sent = send(address, ExitCodes.SUCCESS);
      assertThat(sent.exitCode()).as(sent.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(sent.event("report").get("release_failure").isJsonNull()).isTrue();
      assertThat(vmm.awaitRounds(1_000_000)).as("the VMM was disconnected").isFalse();
      assertReset(source);
      try (VfioUserClient next = VfioUserClient.connect(b.socket(), ClientOptions.DEFAULT)) {
        assertThat(next.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.COMPLETED)).isPositive();
      }
    }
  }

  private CommandRun send(String address, int receiverExits) throws Exception {
    try (
        ChildProcess receiver = CommandProcesses.start("receive", "--listen", address, control("b"), "--json",
            "--state-dir", state("b"))) {
      CommandProcesses.await(receiver, CommandProcesses.event("listening"));
      CommandRun run = CommandRun.vfio4j("send", "--connect", address, control("a"), "--json",
          "--max-downtime", "60s", "--no-hold", "--state-dir", state("a"));
      assertThat(receiver.await(CommandProcesses.TIMEOUT)).as(receiver.stderrLines().toString())
          .isEqualTo(receiverExits);
      return run;
    }
  }
}
