// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.testing.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The charts in docs/how-a-migration-runs.md are current, and its commands are valid. */
class ChartsInDocsTest {

  private static final Path DOCS = Path.of(System.getProperty("basedir", ".")).resolve("../docs");
  private static final String COMMAND = "    ./vfio4j ";

  /** A word of a shell command, quoted or not. */
  private static final Pattern WORD = Pattern.compile("'([^']*)'|\\S+");

  @TempDir
  private Path folder;

  private static String page() throws IOException {
    return Files.readString(DOCS.resolve("how-a-migration-runs.md"));
  }

  private static List<String> words(String command) {
    return WORD.matcher(command).results().map(ChartsInDocsTest::word).toList();
  }

  private static String word(MatchResult word) {
    return word.group(1) != null ? word.group(1) : word.group();
  }

  @Test
  void matchesChartsInDocs() throws IOException {
    List<String> commands =
        page().lines().filter(line -> line.startsWith(COMMAND) && line.contains(" --svg docs/")).toList();
    assertThat(commands).hasSizeGreaterThan(1);
    for (String command : commands) {
      List<String> words = words(command.substring(COMMAND.length()));
      String name = words.getLast().substring("docs/".length());
      Path made = folder.resolve(name);
      CommandRun run =
          CommandRun.vfio4j(words.stream().map(word -> word.equals("docs/" + name) ? made.toString() : word)
              .toArray(String[]::new));

      assertThat(run.err()).isEmpty();
      assertThat(DOCS.resolve(name)).as("regenerate: %s", command.strip())
          .hasContent(Files.readString(made));
      assertThat(page()).contains("](" + name + ")");
    }
  }

  @Test
  void acceptsTraceOfRealMigration() throws IOException {
    List<String> commands =
        page().lines().filter(line -> line.startsWith("    vfio4j simulate --trace run.json "))
            .toList();
    assertThat(commands).isNotEmpty();
    CommandRun migration =
        CommandRun.vfio4j("migrate", "--from", "sim:a?memory=1m", "--to", "sim:b?memory=1m", "--json");
    Path trace = Files.writeString(folder.resolve("run.json"), migration.out());
    for (String command : commands) {
      List<String> words = words(command.strip().substring("vfio4j ".length()));
      CommandRun run =
          CommandRun.vfio4j(words.stream().map(word -> word.equals("run.json") ? trace.toString() : word)
              .toArray(String[]::new));

      assertThat(run.exitCode()).as(run.err()).isZero();
      assertThat(run.out()).contains("Rounds of A:");
    }
  }
}
