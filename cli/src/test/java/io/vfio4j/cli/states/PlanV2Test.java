// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlanV2Test {

  /** A line of the specification's table. */
  record Case(List<String> features, String from, String to, String result, List<String> path) {

    static Case parse(String line) {
      String[] fields = line.split(",", -1);
      List<String> path = fields[4].isEmpty() ? List.of() : List.of(fields[4].split(" > "));
      return new Case(List.of(fields[0].split("\\+")), fields[1], fields[2], fields[3], path);
    }
  }

  static List<Case> table() throws IOException {
    Path csv = Path.of(System.getProperty("basedir", "."))
        .resolve("../model/src/test/resources/io/vfio4j/model/v2-next-state.csv");
    return Files.readAllLines(csv).stream().skip(1).map(Case::parse).toList();
  }

  static List<String> strings(JsonElement array) {
    return array.getAsJsonArray().asList().stream().map(JsonElement::getAsString).toList();
  }

  @Test
  void listsAllCases() throws IOException {
    assertThat(table()).hasSize(256).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @MethodSource("table")
  void matchesTable(Case expected) {
    CommandRun run = CommandRun.vfio4j("plan", expected.from, expected.to, "--features",
        String.join(",", expected.features).toLowerCase(Locale.ROOT), "--json");

    JsonObject plan = run.event("plan");
    assertThat(plan.get("from").getAsString()).isEqualTo(expected.from);
    assertThat(plan.get("to").getAsString()).isEqualTo(expected.to);
    assertThat(strings(plan.get("features"))).isEqualTo(expected.features);
    assertThat(plan.get("result").getAsString()).isEqualTo(expected.result);
    assertThat(plan.has("path") ? strings(plan.get("path")) : List.of()).isEqualTo(expected.path);
    JsonArray ways = plan.getAsJsonArray("ways");
    assertThat(run.exitCode()).isEqualTo(ways.isEmpty() ? ExitCodes.FAILURE : ExitCodes.SUCCESS);
    if (!expected.path.isEmpty()) {
      JsonObject first = ways.get(0).getAsJsonObject();
      assertThat(strings(first.get("path"))).isEqualTo(expected.path);
      assertThat(first.get("from_table").getAsBoolean()).isTrue();
    }
    for (int i = 0; i < ways.size(); i++) {
      JsonObject way = ways.get(i).getAsJsonObject();
      assertThat(way.get("rank").getAsInt()).isEqualTo(i + 1);
      assertThat(strings(way.get("path"))).startsWith(expected.from).endsWith(expected.to);
      assertThat(strings(way.get("reasons"))).isNotEmpty();
    }
    assertThat(run.err()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"STOP_COPY", "stop-copy", "StopCopy", "stop_copy", "VFIO_DEVICE_STATE_STOP_COPY",
      "3", "0x3"})
  void parsesStateSpellings(String name) {
    assertThat(CommandRun.vfio4j("plan", name, "stop", "--json").event("plan").get("from").getAsString())
        .isEqualTo("STOP_COPY");
  }

  @Test
  void leavesErrorOnlyByReset() {
    CommandRun run = CommandRun.vfio4j("plan", "ERROR", "PRE_COPY", "--json");

    JsonObject plan = run.event("plan");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(plan.get("result").getAsString()).isEqualTo("EINVAL");
    assertThat(plan.getAsJsonArray("ways")).singleElement().satisfies(way -> {
      assertThat(way.getAsJsonObject().get("kind").getAsString()).isEqualTo("reset");
      assertThat(way.getAsJsonObject().get("loses_state").getAsBoolean()).isTrue();
      assertThat(strings(way.getAsJsonObject().get("path"))).containsExactly("ERROR", "RUNNING", "PRE_COPY");
    });
  }

  @Test
  void printsRequestsAndReasons() {
    CommandRun run = CommandRun.vfio4j("plan", "STOP_COPY", "PRE_COPY");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.out()).contains("A single request fails with EINVAL.", " 1. STOP_COPY > STOP > ",
        "; request RUNNING, PRE_COPY", "the saving session ends in between", "-RESET->",
        "Recommended: path 1.");
  }

  @Test
  void printsReasonWithoutPath() {
    CommandRun run = CommandRun.vfio4j("plan", "RUNNING", "PRE_COPY_P2P", "--features", "stop_copy");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.out())
        .contains("No path: the device does not have PRE_COPY_P2P: it lacks P2P and PRE_COPY.");

    assertThat(CommandRun.vfio4j("plan", "RUNNING", "ERROR").out()).contains("ERROR is never a target");
  }

  @Test
  void findsNoPathWithoutMigration() {
    assertThat(CommandRun.vfio4j("plan", "RUNNING", "STOP", "--features", "none").exitCode())
        .isEqualTo(ExitCodes.FAILURE);
    assertThat(CommandRun.vfio4j("plan", "RUNNING", "RUNNING", "--features", "none").exitCode())
        .isEqualTo(ExitCodes.SUCCESS);
  }

  @Test
  void printsNothingWithQuiet() {
    assertThat(CommandRun.vfio4j("plan", "RUNNING", "STOP", "--quiet").out()).isEmpty();
  }
}
