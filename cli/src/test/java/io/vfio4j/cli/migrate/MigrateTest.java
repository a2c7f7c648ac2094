// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Migrations between devices in this process. */
class MigrateTest {

  @Test
  void printsReport() {
    CommandRun run = CommandRun.vfio4j("migrate", "--from", "sim:a?memory=2m", "--to", "sim:b?memory=2m");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.out()).contains("migrated     sim:a to sim:b: 2.0 MiB")
        .contains("sent         2.0 MiB in ").contains("downtime ").contains("of which     ")
        .contains("switchover   sim:a: stopped in ").doesNotContain("dirty memory")
        .contains("phases       pre-flight ")
        .contains("not migrated config space, interrupt setup, DMA mappings")
        .contains("sim:a is closed when this command ends; its server then resets it.")
        .contains("sim:b ends with this command.");
    assertThat(run.err()).contains("pre-copy round 1: 2.0 MiB in ").contains("stop-copy: ").endsWith("done\n")
        .doesNotContain("\u001b");
  }

  @Test
  void printsJsonEvents() {
    CommandRun run =
        CommandRun.vfio4j("migrate", "--from", "sim:a?memory=2m", "--to", "sim:b?memory=2m", "--json");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.err()).isEmpty();
    List<String> names = run.events().stream().map(event -> event.get("event").getAsString()).toList();
    assertThat(names).contains("phase", "moving", "moved", "progress", "round").endsWith("report");
    JsonObject report = run.event("report");
    assertThat(report.get("bytes").getAsLong()).isGreaterThan(2 << 20);
    assertThat(report.get("downtime_ms").getAsDouble()).isPositive();
    assertThat(report.getAsJsonArray("rounds")).isNotEmpty();
    assertThat(report.getAsJsonArray("not_migrated")).hasSize(3);
    assertThat(report.getAsJsonObject("at_target").get("bytes").getAsLong())
        .isEqualTo(report.get("bytes").getAsLong());
  }

  /** Between the versions in both directions, and with the minimum of features. */
  @ParameterizedTest
  @CsvSource({"migration=v1, migration=v1", "migration=v1, migration=v2", "migration=v2, migration=v1",
      "migration=both, migration=v1", "migration=v1&features=stop_copy, migration=v1&features=stop_copy"})
  void migratesBetweenInterfaceVersions(String from, String to) {
    CommandRun run =
        CommandRun.vfio4j("migrate", "--from", "sim:a?memory=2m&" + from, "--to", "sim:b?memory=2m&" + to,
            "--max-downtime", "30s", "--json");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.event("report").get("bytes").getAsLong()).isGreaterThan(2 << 20);
  }

  /** A failed transition of version 1 leaves a device in its previous state or in ERROR, and the outcome matches. */
  @ParameterizedTest
  @CsvSource({"'', write%2Cat=5000%2Cerrno=EIO, SOURCE_RUNNING",
      "'', arc=RESUMING>STOP%2Cerrno=EINVAL, SOURCE_RUNNING",
      "arc=PRE_COPY_P2P>STOP_COPY%2Cerrno=EIO, '', SOURCE_RUNNING",
      "arc=PRE_COPY_P2P>STOP_COPY%2Cerrno=EIO%2Cerror, '', SOURCE_RESET"})
  void reportsFailuresWithVersion1(String sourceFault, String targetFault, String outcome) {
    CommandRun run = CommandRun.vfio4j("migrate", "--from", withFault("sim:a", sourceFault), "--to",
        withFault("sim:b", targetFault), "--max-downtime", "30s", "--json");

    assertThat(run.exitCode()).as(run.err()).isNotEqualTo(ExitCodes.SUCCESS);
    assertThat(run.event("error").get("outcome").getAsString()).isEqualTo(outcome);
  }

  private static String withFault(String name, String fault) {
    return name + "?memory=2m&migration=v1" + (fault.isEmpty() ? "" : "&fault=" + fault);
  }

  @Test
  void printsOnlyReportWithQuietAndJson() {
    CommandRun run =
        CommandRun.vfio4j("migrate", "--from", "sim:a?memory=2m", "--to", "sim:b?memory=2m", "--json",
            "--quiet");

    assertThat(run.events()).singleElement().satisfies(event -> assertThat(event.get("event").getAsString())
        .isEqualTo("report"));
  }

  @Test
  void migratesWithoutPreCopy() {
    CommandRun run =
        CommandRun.vfio4j("migrate", "--from", "sim:a?memory=2m", "--to", "sim:b?memory=2m", "--no-pre-copy",
            "--max-downtime", "30s", "--json");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.event("report").getAsJsonArray("rounds")).isEmpty();
    assertThat(run.event("report").get("predicted_downtime_ms").isJsonNull()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"write,at=5000,errno=EIO",
      "arc=RESUMING>STOP,errno=EINVAL", "arc=STOP>RUNNING_P2P,errno=EIO"})
  void keepsSourceRunningWhenTargetFails(String fault) {
    CommandRun run =
        CommandRun.vfio4j("migrate", "--from", "sim:a?memory=2m", "--to", "sim:b?memory=2m&fault=" + fault,
            "--json");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.FAILURE);
    JsonObject error = run.event("error");
    assertThat(error.get("outcome").getAsString()).isEqualTo("SOURCE_RUNNING");
    assertThat(error.get("source_state").getAsString()).isEqualTo("RUNNING");
    assertThat(run.err()).contains("sim:a runs again at the source, with nothing lost")
        .contains("on the target, ");
  }

  @Test
  void leavesSourceUntouchedWhenTargetFailsAtStart() {
    CommandRun run = CommandRun.vfio4j("migrate", "--from", "sim:a?memory=2m", "--to",
        "sim:b?memory=2m&fault=arc=STOP>RESUMING,errno=EIO", "--json");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.event("error").get("outcome").getAsString()).isEqualTo("UNTOUCHED");
    assertThat(run.err()).contains("sim:a was not touched");
  }

  @Test
  void resumesSourceThatFails() {
    CommandRun run =
        CommandRun.vfio4j("migrate", "--from", "sim:a?memory=2m&fault=read,at=5000,errno=EIO", "--to",
            "sim:b?memory=2m");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains("EIO").contains("sim:a runs again at the source");
  }

  @Test
  void reportsSourceInErrorAsNeedingCare() {
    CommandRun run = CommandRun.vfio4j("migrate", "--from",
        "sim:a?memory=2m&fault=arc=PRE_COPY_P2P>STOP_COPY,errno=EIO,error", "--to", "sim:b?memory=2m",
        "--json");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
    assertThat(run.event("error").get("outcome").getAsString()).isEqualTo("SOURCE_RESET");
    assertThat(run.err()).contains("set it up again");
  }

  @Test
  void refusesDeviceWithoutMigration() {
    CommandRun run =
        CommandRun.vfio4j("migrate", "--from", "sim:a?memory=2m&features=none", "--to", "sim:b?memory=2m");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains("sim:a offers no migration").contains("sim:a was not touched");
  }

  @Test
  void refusesDevicesOfDifferentSizes() {
    CommandRun run = CommandRun.vfio4j("migrate", "--from", "sim:a?memory=2m", "--to", "sim:b?memory=4m");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains("the state has 2 MiB of memory 'memory', the target has 4 MiB")
        .contains("sim:a was not touched");
  }

  /** The reason travels in the server's error reply. */
  @Test
  void printsReasonOfRefusedState() {
    CommandRun run = CommandRun.vfio4j("migrate", "--from", "sim:a?memory=2m", "--to",
        "sim:b?memory=2m&fault=arc=RESUMING>STOP%2Cerrno=EINVAL");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err())
        .contains("EINVAL (invalid argument): simulated failure at RESUMING > STOP; it is in RESUMING")
        .contains("sim:a runs again at the source");
  }
}
