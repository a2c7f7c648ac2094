// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PlanV1Test {

  /** The twenty transitions of the specification, and the alternative paths if a device lacks one. */
  private static final String TABLE = """
      RUNNING:STOP
      RUNNING:STOP_COPY
      RUNNING:RESUMING
      RUNNING:PRE_COPY
      STOP_COPY:STOP
      STOP_COPY:RUNNING
      RESUMING:RUNNING
      PRE_COPY:STOP_COPY
      PRE_COPY:RUNNING
      STOP_COPY:RESUMING: > STOP > RESUMING; -RESET-> RUNNING > RESUMING; > RUNNING > RESUMING !
      STOP_COPY:PRE_COPY: > STOP > PRE_COPY; > RUNNING > PRE_COPY
      RESUMING:STOP_COPY: > STOP > STOP_COPY; > RUNNING > STOP_COPY !; -RESET-> RUNNING > STOP_COPY
      RESUMING:PRE_COPY: > STOP > PRE_COPY; > STOP > RUNNING > PRE_COPY; > RUNNING > PRE_COPY
      PRE_COPY:RESUMING: -RESET-> RUNNING > RESUMING; > RUNNING > RESUMING !
      STOP:RUNNING: -RESET-> RUNNING
      STOP:STOP_COPY: -RESET-> RUNNING > STOP_COPY
      STOP:RESUMING: -RESET-> RUNNING > RESUMING
      STOP:PRE_COPY: -RESET-> RUNNING > PRE_COPY
      RESUMING:STOP: > RUNNING > STOP !; -RESET-> RUNNING > STOP
      PRE_COPY:STOP: > STOP_COPY > STOP; > RUNNING > STOP
      """;

  /**
   * A line of the table.
   *
   * @param around the alternative paths, in order; with {@code !} if discouraged
   */
  record Row(String from, String to, List<String> around) {

    static Row parse(String line) {
      String[] fields = line.split(":", -1);
      List<String> around = fields.length < 3 ? List.of()
          : Stream.of(fields[2].split(";")).map(way -> fields[0] + " " + way.strip()).toList();
      return new Row(fields[0], fields[1], around);
    }

    boolean optional() {
      return !around.isEmpty();
    }

    String arc() {
      return from + ">" + to;
    }

    List<String> withDirect() {
      return Stream.concat(Stream.of(from + " > " + to), around.stream()).toList();
    }
  }

  static List<Row> table() {
    return TABLE.lines().map(Row::parse).toList();
  }

  private static JsonObject plan(String... arguments) {
    return CommandRun.vfio4j(Stream.concat(Stream.of("plan", "--v1", "--json"), Stream.of(arguments))
        .toArray(String[]::new)).event("plan");
  }

  /** Returns the paths of the table, and checks that they come first. */
  private static List<String> pathsInTable(JsonObject plan) {
    List<String> ways = new ArrayList<>();
    boolean further = false;
    for (JsonElement element : plan.getAsJsonArray("ways")) {
      JsonObject way = element.getAsJsonObject();
      if (way.get("from_table").getAsBoolean()) {
        assertThat(further).as("a path of the table after an additional one").isFalse();
        ways.add(text(way));
      }
      further |= !way.get("from_table").getAsBoolean();
    }
    return ways;
  }

  private static String text(JsonObject way) {
    List<String> path = PlanV2Test.strings(way.get("path"));
    boolean reset = way.get("loses_state").getAsBoolean();
    return path.getFirst() + (reset ? " -RESET-> " : " > ") + String.join(" > ", path.subList(1, path.size()))
        + (way.get("discouraged").getAsBoolean() ? " !" : "");
  }

  @Test
  void listsTwentyTransitions() {
    assertThat(table()).hasSize(20).extracting(Row::arc).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @MethodSource("table")
  void listsPathsOfTableFirst(Row row) {
    JsonObject plan = plan(row.from, row.to);

    assertThat(plan.get("result").getAsString()).isEqualTo("OK");
    assertThat(PlanV2Test.strings(plan.get("path"))).containsExactly(row.from, row.to);
    assertThat(pathsInTable(plan)).isEqualTo(row.withDirect());
  }

  @ParameterizedTest
  @MethodSource("table")
  void avoidsMissingTransitions(Row missing) {
    String others = table().stream().filter(row -> row.optional() && !row.equals(missing)).map(Row::arc)
        .collect(Collectors.joining(","));

    JsonObject plan = plan(missing.from, missing.to, "--features", others);

    assertThat(plan.has("path")).isEqualTo(!missing.optional());
    assertThat(plan.get("result").getAsString()).isEqualTo(missing.optional() ? "EINVAL" : "OK");
    assertThat(pathsInTable(plan)).isEqualTo(missing.optional() ? missing.around : missing.withDirect());
  }

  @ParameterizedTest
  @CsvSource({"SAVING|RUNNING, PRE_COPY", "RUNNING+saving, PRE_COPY", "pre-copy, PRE_COPY", "3, PRE_COPY",
      "PRE_COPY+NDMA, PRE_COPY+NDMA", "PRE_COPY_P2P, PRE_COPY+NDMA", "11, PRE_COPY+NDMA",
      "0xb, PRE_COPY+NDMA", "SAVING|!RUNNING, STOP_COPY", "STOP+NDMA, STOP", "SAVING|RESUMING, ERROR"})
  void parsesStateSpellings(String text, String name) {
    assertThat(plan(text, "RUNNING").get("from").getAsString()).isEqualTo(name);
  }

  @Test
  void printsFeaturesInEffect() {
    JsonObject plan = plan("RESUMING", "STOP", "--features", "stop_copy,pre-copy,p2p,stop-copy>RESUMING");

    assertThat(PlanV2Test.strings(plan.get("features"))).containsExactly("NDMA", "STOP_COPY>RESUMING");
    assertThat(PlanV2Test.strings(plan("STOP", "RUNNING", "--features", "none").get("features"))).isEmpty();
  }

  @Test
  void findsNoPathToNdmaStatesWithoutNdma() {
    CommandRun run = CommandRun.vfio4j("plan", "--v1", "RUNNING", "PRE_COPY+NDMA", "--features", "none");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.out()).contains("No path: the device does not have PRE_COPY+NDMA: it lacks NDMA.");
  }

  @Test
  void leavesErrorOnlyByReset() {
    assertThat(plan("ERROR", "STOP").getAsJsonArray("ways")).singleElement()
        .satisfies(way -> assertThat(text(way.getAsJsonObject())).isEqualTo("ERROR -RESET-> RUNNING > STOP"));
  }
}
