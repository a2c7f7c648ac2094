// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The suite judges a device that another process serves. */
class ConformIT {

  @TempDir
  private Path folder;

  /** Each set of features, and the states that a device with them has beside ERROR. */
  static Stream<List<String>> featureSets() {
    return Stream.of(List.of("stop_copy", "STOP", "RUNNING", "STOP_COPY", "RESUMING"),
        List.of("stop_copy,p2p", "STOP", "RUNNING", "STOP_COPY", "RESUMING", "RUNNING_P2P"),
        List.of("stop_copy,pre_copy", "STOP", "RUNNING", "STOP_COPY", "RESUMING", "PRE_COPY"),
        List.of("stop_copy,p2p,pre_copy", "STOP", "RUNNING", "STOP_COPY", "RESUMING", "RUNNING_P2P",
            "PRE_COPY",
            "PRE_COPY_P2P"));
  }

  private ChildServer serve(String... more) throws Exception {
    return ChildServer.start(Children.serve(folder.resolve("a.sock"), more));
  }

  private static Run judge(ChildServer server) {
    return Run.vfio4j("conform", "vfio-user:" + server.socket(), "--json");
  }

  private static List<String> checks(Run run, String verdict) {
    return run.events().stream()
        .filter(event -> event.get("event").getAsString().equals("check")
            && event.get("verdict").getAsString().equals(verdict))
        .map(event -> event.get("group").getAsString() + "/" + event.get("name").getAsString()).toList();
  }

  @ParameterizedTest
  @MethodSource("featureSets")
  void anHonestDevicePasses(List<String> featuresAndStates) throws Exception {
    List<String> states = featuresAndStates.subList(1, featuresAndStates.size());
    try (ChildServer server = serve("--features", featuresAndStates.getFirst())) {
      Run run = judge(server);

      assertThat(checks(run, "failed")).isEmpty();
      assertThat(run.exitCode()).isEqualTo(ExitCodes.DONE);
      assertThat(checks(run, "passed")).containsAll(states.stream()
          .flatMap(from -> states.stream().map(to -> "transitions/" + from + " > " + to)).toList());
      assertThat(server.errors()).isEmpty();
    }
  }

  @Test
  void aDeviceThatFailsIsFoundOut() throws Exception {
    try (ChildServer server = serve("--fault", "arc=RESUMING>STOP,errno=EIO")) {
      Run run = judge(server);

      assertThat(run.exitCode()).isEqualTo(ExitCodes.NOT_DONE);
      assertThat(checks(run, "failed")).containsExactly("resuming/whole");
      assertThat(run.event("conformance").get("conformant")).extracting(JsonElement::getAsBoolean)
          .isEqualTo(false);
    }
  }

  /** By its region, and by all else that is not about version 2 itself. */
  @Test
  void aDeviceWithVersion1AlonePasses() throws Exception {
    try (ChildServer server = serve("--migration", "v1")) {
      Run run = judge(server);

      assertThat(checks(run, "failed")).isEmpty();
      assertThat(run.exitCode()).isEqualTo(ExitCodes.DONE);
      assertThat(checks(run, "passed")).contains("v1-region/widths", "v1-states/PRE_COPY > PRE_COPY+NDMA",
          "v1-states/loads first", "v1-data/whole", "resuming/whole", "reopening/from STOP_COPY")
          .noneMatch(check -> check.startsWith("transitions/"));
      assertThat(server.errors()).isEmpty();
    }
  }

  @Test
  void aDeviceWithBothVersionsPassesByBoth() throws Exception {
    try (ChildServer server = serve("--migration", "both")) {
      Run run = judge(server);

      assertThat(checks(run, "failed")).isEmpty();
      assertThat(run.exitCode()).isEqualTo(ExitCodes.DONE);
      assertThat(checks(run, "passed")).contains("v1-states/RESUMING > STOP_COPY", "v1-data/pre-copy",
          "transitions/RESUMING > STOP_COPY", "pre-copy/info");
      assertThat(server.errors()).isEmpty();
    }
  }
}
