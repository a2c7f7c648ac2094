// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.probe;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import io.vfio4j.testkit.foreign.ForeignServer;
import io.vfio4j.testkit.foreign.ServerTrait;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProbeTest {

  @Test
  void printsDeviceDescription() {
    CommandRun run = CommandRun.vfio4j("probe", "sim:a?memory=1m");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.err()).isEmpty();
    assertThat(run.out()).contains("device      sim:a").contains("1234:5634 (1234:0001), class ff0000")
        .containsPattern("region      BAR2 +1.0 MiB rw").containsPattern("interrupt   MSI-X +4")
        .contains("features    stop_copy, p2p, pre_copy").contains("state       RUNNING")
        .contains("estimated by the device").contains("DMA log     yes").contains("can migrate yes")
        .doesNotContain("missing");
  }

  @Test
  void printsMigrationVersions() {
    CommandRun one = CommandRun.vfio4j("probe", "sim:a?memory=1m&migration=v1");
    assertThat(one.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(one.out()).contains("versions    1, a migration region\n")
        .containsPattern("region      migration +1.0 MiB rw with NDMA")
        .contains("features    stop_copy, p2p, pre_copy").contains("stop-copy   no estimate")
        .contains("DMA log     yes");

    CommandRun both =
        CommandRun.vfio4j("probe", "sim:a?memory=1m&migration=both&features=pre_copy", "--json");
    assertThat(both.event("probe").get("versions").getAsJsonArray().toString()).isEqualTo("[1,2]");
    assertThat(both.event("probe").get("regions").getAsJsonArray()).hasSize(10);
    assertThat(both.event("probe").get("stop_copy_bytes").isJsonNull()).isFalse();

    assertThat(CommandRun.vfio4j("probe", "sim:a?memory=1m").out()).contains("versions    2\n");
    assertThat(CommandRun.vfio4j("probe", "sim:a?features=none&migration=both").out())
        .contains("versions    none\n");
  }

  @Test
  void printsJson() {
    CommandRun run = CommandRun.vfio4j("probe", "sim:a?memory=1m", "--json");

    assertThat(run.events()).hasSize(1);
    JsonObject probe = run.event("probe");
    assertThat(probe.get("device").getAsString()).isEqualTo("sim:a");
    assertThat(probe.get("vendor_id").getAsInt()).isEqualTo(0x1234);
    assertThat(probe.get("features").getAsJsonArray()).hasSize(3);
    assertThat(probe.get("regions").getAsJsonArray()).hasSize(9);
    assertThat(probe.get("irqs").getAsJsonArray()).hasSize(5);
    assertThat(probe.get("stop_copy_bytes").getAsLong()).isGreaterThan(1 << 20);
    assertThat(probe.get("can_migrate").getAsBoolean()).isTrue();
    assertThat(probe.get("missing").getAsJsonArray()).isEmpty();
    assertThat(probe.get("findings").getAsJsonArray()).isEmpty();
  }

  @Test
  void printsMissingFeaturesAndRemedies() {
    CommandRun none = CommandRun.vfio4j("probe", "sim:a?features=none");
    assertThat(none.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(none.out()).contains("can migrate no")
        .contains("missing     STOP_COPY: it does not support migration");

    CommandRun simple = CommandRun.vfio4j("probe", "sim:a?features=stop_copy");
    assertThat(simple.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(simple.out()).contains("missing     PRE_COPY: ").contains("--max-downtime")
        .contains("missing     P2P: ");
  }

  @Test
  void reportsMissingServer() {
    CommandRun run = CommandRun.vfio4j("probe", "vfio-user:/no/such.sock", "--json");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err())
        .isEqualTo("vfio4j: vfio-user:/no/such.sock: no such socket; is the server running?\n");
    assertThat(run.event("error").get("exit_code").getAsInt()).isEqualTo(ExitCodes.FAILURE);
  }

  @Test
  void printsStackTraceOnlyWithDebug() {
    assertThat(CommandRun.vfio4j("probe", "vfio-user:/no/such.sock", "--debug").err())
        .contains("\tat io.vfio4j");
  }

  @Test
  void printsNothingWithQuiet() {
    CommandRun run = CommandRun.vfio4j("probe", "sim:a?features=none", "--quiet");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.out() + run.err()).isEmpty();
  }

  @Test
  void printsUnknownFeatures(@TempDir Path folder) throws Exception {
    Path socket = folder.resolve("later");
    SimulatedDevice device = SimulatedSettings.named("later").device();
    try (ForeignServer server =
        ForeignServer.listen(socket, device,
            Set.of(ServerTrait.UNKNOWN_FEATURES, ServerTrait.OMITS_FD_LIMIT))) {
      CommandRun run = CommandRun.vfio4j("probe", "vfio-user:" + socket);
      assertThat(run.out()).contains("features    stop_copy, p2p, pre_copy, flags 0x10 (unknown)")
          .contains("offers      MIGRATION, MIG_DEVICE_STATE, MIG_DATA_SIZE, 40 (unknown)")
          .contains(
              "found       low limits: 1 descriptor (the protocol's default, because max_msg_fds is not sent)");

      JsonObject json = CommandRun.vfio4j("probe", "vfio-user:" + socket, "--json").event("probe");
      assertThat(json.get("unknown_migration_flags").getAsLong()).isEqualTo(0x10);
      assertThat(json.get("offered_features").toString()).isEqualTo("[1,2,9,40]");
      assertThat(server.violations()).isEmpty();
    }
  }

  @Test
  void printsQuirksOfForeignServer(@TempDir Path folder) throws Exception {
    Path socket = folder.resolve("c");
    SimulatedDevice device = SimulatedSettings.named("foreign").device();
    EnumSet<ServerTrait> traits = EnumSet.copyOf(ServerTrait.referenceLibrary());
    traits.add(ServerTrait.VERSION_0_0);
    try (ForeignServer server = ForeignServer.listen(socket, device, traits)) {
      CommandRun runs = CommandRun.vfio4j("probe", "vfio-user:" + socket);
      assertThat(runs.exitCode()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(runs.out()).contains("found       protocol 0.0; this client supports 0.2")
          .contains("found       no P2P").contains("missing     keep_state");

      try (VfioUserClient client = VfioUserClient.connect(socket, ClientOptions.DEFAULT)) {
        client.moveTo(DeviceState.STOP_COPY);
      }
      CommandRun stopped = CommandRun.vfio4j("probe", "vfio-user:" + socket, "--json");
      assertThat(stopped.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(stopped.event("probe").get("state").getAsString()).isEqualTo("STOP_COPY");
      assertThat(stopped.event("probe").get("findings").getAsJsonArray())
          .extracting(finding -> finding.getAsJsonObject().get("kind").getAsString())
          .containsExactly("OLD_PROTOCOL", "NO_P2P", "NOT_RUNNING", "REFUSES_WHILE_STOPPED");
      assertThat(server.violations()).isEmpty();
    }
  }
}
