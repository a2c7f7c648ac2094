// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.testing.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/commands.md documents every command, option, JSON object and field. */
class CommandsDocTest {

  private static final Path TOP = Path.of(System.getProperty("basedir", "."), "..");
  private static final Path PAGE = TOP.resolve("docs/commands.md");
  /** If true, the test writes the generated parts of the page instead of comparing them. */
  private static final String UPDATE = "vfio4j.docs.update";
  private static final Pattern NAME = Pattern.compile("`([a-z_-]+)`");
  private static final Pattern MADE_EVENT = Pattern.compile("Json\\.event\\(([^;{]*?)\\)(?=\\s*[.;,)])");
  private static final Pattern LITERAL = Pattern.compile("\"([a-z][a-z-]+)\"");

  @TempDir
  private Path folder;

  @Test
  void documentsEveryCommandAndOption() throws IOException {
    String page = Files.readString(PAGE);
    String updated = CommandReference.update(page);
    if (Boolean.getBoolean(UPDATE)) {
      Files.writeString(PAGE, updated);
      return;
    }
    assertThat(page)
        .as("docs/commands.md, whose generated parts mvn -pl cli -am test -Dtest=CommandsDocTest -D%s=true "
            + "-Dsurefire.failIfNoSpecifiedTests=false writes", UPDATE)
        .isEqualTo(updated);
  }

  /** The rows of the table of JSON objects, by event. */
  private static Map<String, String> rows() throws IOException {
    String page = Files.readString(PAGE);
    String table = page.substring(page.indexOf("| event | of | fields |"));
    Map<String, String> rows = new LinkedHashMap<>();
    table.lines().skip(2).takeWhile(line -> line.startsWith("| ")).forEach(line -> {
      String events = line.substring(2, line.indexOf(" | "));
      NAME.matcher(events).results().map(match -> match.group(1))
          .forEach(event -> rows.merge(event, line.substring(line.indexOf(" | ")),
              (one, other) -> one + "\n" + other));
    });
    return rows;
  }

  @Test
  void documentsEveryJsonObject() throws IOException {
    Set<String> made = new TreeSet<>();
    for (String source : sources()) {
      MADE_EVENT.matcher(source).results()
          .flatMap(call -> LITERAL.matcher(call.group(1)).results().map(match -> match.group(1)))
          .forEach(made::add);
    }
    // Objects that are sent to workload hooks are documented there.
    made.removeAll(List.of("pause", "resume"));

    assertThat(made).hasSizeGreaterThan(30);
    assertThat(rows().keySet()).containsAll(made);
  }

  private static List<String> sources() throws IOException {
    List<String> all = new ArrayList<>();
    try (Stream<Path> files = Files.walk(TOP.resolve("cli/src/main/java"))) {
      for (Path file : files.filter(file -> file.toString().endsWith(".java")).collect(Collectors.toList())) {
        all.add(Files.readString(file));
      }
    }
    return all;
  }

  /** Every field that the commands of this test write is documented. */
  @Test
  void documentsEveryJsonField() throws IOException {
    Path state = folder.resolve("a.state");
    Path journals = folder.resolve("journals");
    List<JsonObject> events = new ArrayList<>();
    for (String command : List.of("--version", "probe sim:a?memory=1m", "probe --all", "states",
        "states --v1",
        "plan RUNNING STOP_COPY", "plan --v1 STOP RUNNING", "simulate --memory 8m:1m --bandwidth 100m",
        "migrate --from sim:a?memory=1m --to sim:b?memory=1m --max-downtime 30s --state-dir " + journals,
        "migrate --from sim:a?memory=1m --to sim:b?memory=2m --dry-run",
        "migrate --from sim:a?memory=1m&fault=arc=RUNNING>PRE_COPY,errno=EIO --to sim:b?memory=1m --state-dir "
            + journals,
        "save sim:a?memory=1m --max-downtime 30s --output " + state, "inspect " + state,
        "inspect " + state + " sim:b?memory=1m", "restore " + state + " sim:b?memory=1m",
        "conform sim:a?memory=1m --only initial", "recover --list --state-dir " + journals,
        "recover --prune --state-dir " + journals)) {
      events.addAll(CommandRun.vfio4j((command + " --json").split(" ")).events());
    }
    Map<String, String> rows = rows();
    List<String> unnamed = new ArrayList<>();
    for (JsonObject event : events) {
      String name = event.get("event").getAsString();
      Set<String> named = NAME.matcher(named(rows, name)).results().map((MatchResult match) -> match.group(1))
          .collect(Collectors.toSet());
      event.keySet().stream().filter(field -> !field.equals("event") && !named.contains(field))
          .forEach(field -> unnamed.add(name + "." + field));
    }
    assertThat(unnamed.stream().distinct()).isEmpty();
  }

  /** A row may refer to the fields of another. */
  private static String named(Map<String, String> rows, String event) {
    String row = rows.getOrDefault(event, "");
    return event.equals("conformance") || !row.contains("as of `report`") ? row : row + rows.get("report");
  }
}
