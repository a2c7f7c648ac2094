// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Migrations between two server processes. */
class MigrateIT {

  private static final long MARK = 0x5eed_cafe_0123_4567L;

  @TempDir
  private Path folder;

  private Path path(String name) {
    return folder.resolve(name);
  }

  @Test
  void migratesDeviceWithData() throws Exception {
    try (ServedTestDevice a = ServedTestDevice.inChildServer(ServedTestDevice.process(path("a.sock")));
        ServedTestDevice b = ServedTestDevice.inChildServer(ServedTestDevice.process(path("b.sock")))) {
      a.mark(MARK);

      CommandRun run =
          CommandRun.vfio4j("migrate", "--from", a.address(), "--to", b.address(), "--max-downtime", "30s");

      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(run.out()).contains(b.address() + " runs; its server keeps it running.");
      b.assertRunsWith(MARK);
      a.assertRunsWith(0);
      CommandRun probe = CommandRun.vfio4j("probe", b.address(), "--json");
      assertThat(probe.event("probe").get("state").getAsString()).isEqualTo("RUNNING");
    }
  }

  @Test
  void runsThenCommand() throws Exception {
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"))) {
      Path told = path("told");
      CommandRun run =
          CommandRun.vfio4j("migrate", "--from", a.address(), "--to", b.address(), "--max-downtime", "30s",
              "--then",
              "echo \"$VFIO4J_DEVICE\" > " + told + "; exit 7", "--json");

      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(told).hasContent(b.address());
      assertThat(run.event("holding").get("until").getAsString()).isEqualTo("command");
      assertThat(run.event("command-ended").get("exit_code").getAsInt()).isEqualTo(7);
      assertThat(run.err()).contains("ended with exit code 7");
    }
  }

  @Test
  void keepsSourceRunningWhenTargetRejectsState() throws Exception {
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"), "arc=RESUMING>STOP,errno=EIO,times=1")) {
      a.mark(MARK);
      String[] migrate = {"migrate", "--from", a.address(), "--to", b.address(), "--max-downtime", "30s"};

      CommandRun run = CommandRun.vfio4j(migrate);
      assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(run.err()).contains(a.address() + " runs again at the source, with nothing lost")
          .contains("EIO")
          .contains("on the target, its device was reset");
      a.assertRunsWith(MARK);
      b.assertRunsWith(0);

      assertThat(CommandRun.vfio4j(migrate).exitCode()).as("the second time").isEqualTo(ExitCodes.SUCCESS);
      b.assertRunsWith(MARK);
    }
  }

  /** Starts a migration that would take minutes, and waits until pre-copy has started. */
  private static ChildProcess slowMigration(ServedTestDevice from, ServedTestDevice to) throws Exception {
    ChildProcess migration = CommandProcesses.start("migrate", "--from", from.address(), "--to", to.address(),
        "--max-bandwidth", "100k", "--json");
    try {
      CommandProcesses.await(migration, CommandProcesses.event("progress"));
      return migration;
    } catch (Exception | Error e) {
      migration.close();
      throw e;
    }
  }

  @Test
  void keepsSourceRunningWhenTargetIsKilled() throws Exception {
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ChildServer server = ServedTestDevice.process(path("b.sock"))) {
      ServedTestDevice b = ServedTestDevice.inChildServer(server);
      a.mark(MARK);
      try (ChildProcess migration = slowMigration(a, b)) {
        server.kill();

        JsonObject error = CommandProcesses.await(migration, CommandProcesses.event("error"));
        assertThat(migration.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.FAILURE);
        assertThat(error.get("outcome").getAsString()).isEqualTo("SOURCE_RUNNING");
        assertThat(String.join("\n", migration.stderrLines())).contains(b.address() + " is lost")
            .doesNotContain("\tat ");
      }
      a.assertRunsWith(MARK);
    }
  }

  @Test
  void reportsKilledSource() throws Exception {
    try (ChildServer server = ServedTestDevice.process(path("a.sock"));
        ServedTestDevice a = ServedTestDevice.inChildServer(server);
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"));
        ChildProcess migration = slowMigration(a, b)) {
      server.kill();

      JsonObject error = CommandProcesses.await(migration, CommandProcesses.event("error"));
      assertThat(migration.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
      assertThat(error.get("outcome").getAsString()).isEqualTo("SOURCE_LOST");
      assertThat(String.join("\n", migration.stderrLines()))
          .contains("check its server; see: vfio4j probe " + a.address());
      b.assertRunsWith(0);
    }
  }

  @Test
  void rollsBackOnSigterm() throws Exception {
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"))) {
      a.mark(MARK);
      try (ChildProcess migration = slowMigration(a, b)) {
        migration.terminate();

        assertThat(migration.await(CommandProcesses.TIMEOUT)).as(String.join("\n", migration.stderrLines()))
            .isEqualTo(ExitCodes.FAILURE);
      }
      a.assertRunsWith(MARK);
      b.assertRunsWith(0);
    }
  }

  @Test
  void refusesDeviceInUse() throws Exception {
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock")); var _ = a.connect()) {
      CommandRun run = CommandRun.vfio4j("migrate", "--from", a.address(), "--to", b.address());

      assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(run.err()).contains(a.address() + " is in use");
    }
  }
}
