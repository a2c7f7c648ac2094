// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Between two servers, each a process of its own. */
class MigrateIT {

  private static final long MARK = 0x5eed_cafe_0123_4567L;

  @TempDir
  private Path folder;

  private Path path(String name) {
    return folder.resolve(name);
  }

  @Test
  void theDeviceRunsAtTheTargetWithItsData() throws Exception {
    try (Served a = Served.by(Served.process(path("a.sock")));
        Served b = Served.by(Served.process(path("b.sock")))) {
      a.mark(MARK);

      Run run = Run.vfio4j("migrate", "--from", a.address(), "--to", b.address(), "--max-downtime", "30s");

      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.DONE);
      assertThat(run.out()).contains(b.address() + " runs, and its server keeps it so.");
      b.assertRunsWith(MARK);
      a.assertRunsWith(0);
      Run probe = Run.vfio4j("probe", b.address(), "--json");
      assertThat(probe.event("probe").get("state").getAsString()).isEqualTo("RUNNING");
    }
  }

  @Test
  void aCommandMayFollow() throws Exception {
    try (Served a = Served.at(path("a.sock")); Served b = Served.at(path("b.sock"))) {
      Path told = path("told");
      Run run =
          Run.vfio4j("migrate", "--from", a.address(), "--to", b.address(), "--max-downtime", "30s", "--then",
              "echo \"$VFIO4J_DEVICE\" > " + told + "; exit 7", "--json");

      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.DONE);
      assertThat(told).hasContent(b.address());
      assertThat(run.event("holding").get("until").getAsString()).isEqualTo("command");
      assertThat(run.event("command-ended").get("exit_code").getAsInt()).isEqualTo(7);
      assertThat(run.err()).contains("ended with exit code 7");
    }
  }

  @Test
  void aTargetThatRefusesTheStateLeavesTheSourceRunning() throws Exception {
    try (Served a = Served.at(path("a.sock"));
        Served b = Served.at(path("b.sock"), "arc=RESUMING>STOP,errno=EIO,times=1")) {
      a.mark(MARK);
      String[] migrate = {"migrate", "--from", a.address(), "--to", b.address(), "--max-downtime", "30s"};

      Run run = Run.vfio4j(migrate);
      assertThat(run.exitCode()).isEqualTo(ExitCodes.NOT_DONE);
      assertThat(run.err()).contains(a.address() + " runs again at the source, with nothing lost")
          .contains("EIO")
          .contains("on the target, its device was reset");
      a.assertRunsWith(MARK);
      b.assertRunsWith(0);

      assertThat(Run.vfio4j(migrate).exitCode()).as("the second time").isEqualTo(ExitCodes.DONE);
      b.assertRunsWith(MARK);
    }
  }

  /** Begins a migration that would take minutes, and waits until it is under way. */
  private static ChildProcess slowMigration(Served from, Served to) throws Exception {
    ChildProcess migration = Children.start("migrate", "--from", from.address(), "--to", to.address(),
        "--max-bandwidth", "100k", "--json");
    try {
      Children.await(migration, Children.event("progress"));
      return migration;
    } catch (Exception | Error e) {
      migration.close();
      throw e;
    }
  }

  @Test
  void aTargetThatIsKilledOnTheWayLeavesTheSourceRunning() throws Exception {
    try (Served a = Served.at(path("a.sock")); ChildServer server = Served.process(path("b.sock"))) {
      Served b = Served.by(server);
      a.mark(MARK);
      try (ChildProcess migration = slowMigration(a, b)) {
        server.kill();

        JsonObject error = Children.await(migration, Children.event("error"));
        assertThat(migration.await(Children.PATIENCE)).isEqualTo(ExitCodes.NOT_DONE);
        assertThat(error.get("outcome").getAsString()).isEqualTo("SOURCE_RUNNING");
        assertThat(String.join("\n", migration.errors())).contains(b.address() + " is lost")
            .doesNotContain("\tat ");
      }
      a.assertRunsWith(MARK);
    }
  }

  @Test
  void aSourceThatIsKilledOnTheWayIsNamed() throws Exception {
    try (ChildServer server = Served.process(path("a.sock")); Served a = Served.by(server);
        Served b = Served.at(path("b.sock")); ChildProcess migration = slowMigration(a, b)) {
      server.kill();

      JsonObject error = Children.await(migration, Children.event("error"));
      assertThat(migration.await(Children.PATIENCE)).isEqualTo(ExitCodes.NEEDS_CARE);
      assertThat(error.get("outcome").getAsString()).isEqualTo("SOURCE_LOST");
      assertThat(String.join("\n", migration.errors()))
          .contains("look after its server; see: vfio4j probe " + a.address());
      b.assertRunsWith(0);
    }
  }

  @Test
  void sigtermUndoesWhatIsUnderWay() throws Exception {
    try (Served a = Served.at(path("a.sock")); Served b = Served.at(path("b.sock"))) {
      a.mark(MARK);
      try (ChildProcess migration = slowMigration(a, b)) {
        migration.terminate();

        assertThat(migration.await(Children.PATIENCE)).as(String.join("\n", migration.errors()))
            .isEqualTo(ExitCodes.NOT_DONE);
      }
      a.assertRunsWith(MARK);
      b.assertRunsWith(0);
    }
  }

  @Test
  void aDeviceThatSomebodyElseDrivesIsRefused() throws Exception {
    try (Served a = Served.at(path("a.sock")); Served b = Served.at(path("b.sock")); var _ = a.connect()) {
      Run run = Run.vfio4j("migrate", "--from", a.address(), "--to", b.address());

      assertThat(run.exitCode()).isEqualTo(ExitCodes.NOT_DONE);
      assertThat(run.err()).contains(a.address() + " is in use");
    }
  }
}
