// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.conform;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The suite checks a device served by another process. */
class ConformIT {

  @TempDir
  private Path folder;

  /** Each set of features, and the states of a device with them except ERROR. */
  static Stream<List<String>> featureSets() {
    return Stream.of(List.of("stop_copy", "STOP", "RUNNING", "STOP_COPY", "RESUMING"),
        List.of("stop_copy,p2p", "STOP", "RUNNING", "STOP_COPY", "RESUMING", "RUNNING_P2P"),
        List.of("stop_copy,pre_copy", "STOP", "RUNNING", "STOP_COPY", "RESUMING", "PRE_COPY"),
        List.of("stop_copy,p2p,pre_copy", "STOP", "RUNNING", "STOP_COPY", "RESUMING", "RUNNING_P2P",
            "PRE_COPY",
            "PRE_COPY_P2P"));
  }

  private ChildServer serve(String... more) throws Exception {
    return ChildServer.start(CommandProcesses.serve(folder.resolve("a.sock"), more));
  }

  private static CommandRun conform(ChildServer server) {
    return CommandRun.vfio4j("conform", "vfio-user:" + server.socket(), "--json");
  }

  private static List<String> checks(CommandRun run, String verdict) {
    return run.events().stream()
        .filter(event -> event.get("event").getAsString().equals("check")
            && event.get("verdict").getAsString().equals(verdict))
        .map(event -> event.get("group").getAsString() + "/" + event.get("name").getAsString()).toList();
  }

  @ParameterizedTest
  @MethodSource("featureSets")
  void passesConformantDevice(List<String> featuresAndStates) throws Exception {
    List<String> states = featuresAndStates.subList(1, featuresAndStates.size());
    try (ChildServer server = serve("--features", featuresAndStates.getFirst())) {
      CommandRun run = conform(server);

      assertThat(checks(run, "failed")).isEmpty();
      assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(checks(run, "passed")).containsAll(states.stream()
          .flatMap(from -> states.stream().map(to -> "transitions/" + from + " > " + to)).toList());
      assertThat(server.stderrLines()).isEmpty();
    }
  }

  @Test
  void failsNonConformantDevice() throws Exception {
    try (ChildServer server = serve("--fault", "arc=RESUMING>STOP,errno=EIO")) {
      CommandRun run = conform(server);

      assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(checks(run, "failed")).containsExactly("resuming/whole");
      assertThat(run.event("conformance").get("conformant")).extracting(JsonElement::getAsBoolean)
          .isEqualTo(false);
    }
  }

  /** Checks the migration region, and everything else that does not depend on version 2. */
  @Test
  void passesDeviceWithVersion1Only() throws Exception {
    try (ChildServer server = serve("--migration", "v1")) {
      CommandRun run = conform(server);

      assertThat(checks(run, "failed")).isEmpty();
      assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(checks(run, "passed")).contains("v1-region/widths", "v1-states/PRE_COPY > PRE_COPY+NDMA",
          "v1-states/loads first", "v1-data/whole", "resuming/whole", "reopening/from STOP_COPY")
          .noneMatch(check -> check.startsWith("transitions/"));
      assertThat(server.stderrLines()).isEmpty();
    }
  }

  @Test
  void passesDeviceWithBothVersions() throws Exception {
    try (ChildServer server = serve("--migration", "both")) {
      CommandRun run = conform(server);

      assertThat(checks(run, "failed")).isEmpty();
      assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(checks(run, "passed")).contains("v1-states/RESUMING > STOP_COPY", "v1-data/pre-copy",
          "transitions/RESUMING > STOP_COPY", "pre-copy/info");
      assertThat(server.stderrLines()).isEmpty();
    }
  }
}
