// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.conform;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConformTest {

  private static final String HONEST = "sim:a?memory=64k";
  private static final String FAULTY = "sim:a?memory=64k&fault=arc=STOP>STOP_COPY,errno=EIO";

  @Test
  void passesDeviceWithoutFault() {
    CommandRun run = CommandRun.vfio4j("conform", HONEST);

    assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.out()).startsWith("sim:a  1234:5634 (1234:0001), ").contains("no check failed: ")
        .contains("Transitions ").doesNotContain("FAILED");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void reportsUntestedDeviceAsNotConformant() {
    CommandRun cannotMigrate = CommandRun.vfio4j("conform", "sim:a?memory=64k&features=none");
    assertThat(cannotMigrate.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(cannotMigrate.out()).contains("not checked: the device cannot migrate: ")
        .doesNotContain("no check failed");

    CommandRun nothingApplicable = CommandRun.vfio4j("conform", HONEST, "--only", "v1-region", "--json");
    assertThat(nothingApplicable.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(nothingApplicable.event("conformance").get("outcome").getAsString())
        .isEqualTo("nothing_applicable");
  }

  @Test
  void reportsFailedChecks() {
    CommandRun run = CommandRun.vfio4j("conform", FAULTY, "--only", "transitions");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.out()).contains("  FAILED: STOP > STOP_COPY: From STOP the device moves to STOP_COPY")
        .contains("    expected  STOP_COPY").contains("    observed  ").contains("    source    ")
        .contains("NOT CONFORMANT").doesNotContain("Resuming");
  }

  @Test
  void reopensServedDevice(@TempDir Path folder) throws Exception {
    try (ServedTestDevice served = ServedTestDevice.start(folder.resolve("a.sock"))) {
      CommandRun run =
          CommandRun.vfio4j("conform", served.address(), "--only", "reopening,reset", "--dangerous");

      assertThat(run.out()).containsPattern("(?m)^Reopening +4 passed$");
      assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    }
  }

  @Test
  void runsDangerousChecksOnlyOnRequest(@TempDir Path folder) throws Exception {
    try (ServedTestDevice served = ServedTestDevice.start(folder.resolve("a.sock"))) {
      CommandRun run = CommandRun.vfio4j("conform", served.address(), "--only", "reopening");

      assertThat(run.out())
          .contains("not applicable (1): it is dangerous, and dangerous checks were not enabled");
    }
  }

  @Test
  void reportsJson() {
    CommandRun run = CommandRun.vfio4j("conform", FAULTY, "--json", "--only", "TRANSITIONS");

    JsonObject result = run.event("conformance");
    assertThat(result.get("conformant").getAsBoolean()).isFalse();
    assertThat(result.get("failed").getAsInt()).isPositive();
    assertThat(result.get("checks").getAsJsonArray()).hasSize(run.events().size() - 1);
    JsonObject check = run.event("check");
    assertThat(check.get("group").getAsString()).isEqualTo("transitions");
    assertThat(check.get("name").getAsString()).isEqualTo("RUNNING > ERROR");
    assertThat(check.get("verdict").getAsString()).isEqualTo("passed");
  }

  @Test
  void writesReports(@TempDir Path folder) throws Exception {
    Path xml = folder.resolve("report.xml");
    Path html = folder.resolve("report.html");

    CommandRun run =
        CommandRun.vfio4j("conform", HONEST, "--only", "initial", "--quiet", "--junit-xml", xml.toString(),
            "--html",
            html.toString());

    assertThat(run.out() + run.err()).isEmpty();
    assertThat(Files.readString(xml)).startsWith("<?xml ").contains("<testsuite name=\"Initial state\"");
    assertThat(Files.readString(html)).startsWith("<!doctype html>").contains("Conformance of sim:a");
  }

  @Test
  void rejectsInvalidArguments(@TempDir Path folder) {
    CommandRun group = CommandRun.vfio4j("conform", HONEST, "--only", "everything");
    assertThat(group.exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(group.err())
        .contains("'everything' is not a group of checks: expected any of initial, transitions, ");

    CommandRun file =
        CommandRun.vfio4j("conform", HONEST, "--html", folder.resolve("missing/report.html").toString());
    assertThat(file.exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(file.err()).contains("--html: ", "there is no directory");
  }

  @Test
  void reportsMissingServer() {
    CommandRun run = CommandRun.vfio4j("conform", "vfio-user:/no/such.sock");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains("no such socket; is the server running?");
  }
}
