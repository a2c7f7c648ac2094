// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HelpTest {

  @ParameterizedTest
  @ValueSource(strings = {"serve", "serve scratch", "serve idio-16", "probe", "migrate", "receive", "send",
      "save", "restore", "recover", "keys", "conform", "states", "plan", "simulate", "inspect"})
  void everyCommandTeachesByExamples(String command) {
    Run run = Run.vfio4j((command + " --help").split(" "));

    assertThat(run.exitCode()).isEqualTo(ExitCodes.DONE);
    assertThat(run.out()).startsWith("Usage: vfio4j " + command).contains("Example").contains("--json")
        .contains("  vfio4j " + command);
    assertThat(run.err()).isEmpty();
  }

  @Test
  void helpOfACommandIsTheSameBothWays() {
    assertThat(Run.vfio4j("help", "migrate").out()).isEqualTo(Run.vfio4j("migrate", "--help").out());
    assertThat(Run.vfio4j("help", "serve", "scratch").out())
        .isEqualTo(Run.vfio4j("serve", "scratch", "--help").out());
    assertThat(Run.vfio4j("help").out()).isEqualTo(Run.vfio4j("--help").out());
  }

  @Test
  void theCommandsAreListedWithALineEach() {
    assertThat(Run.vfio4j("--help").out()).contains("Commands:").containsPattern("(?m)^  serve +Serve ")
        .containsPattern("(?m)^  probe +Tell ").containsPattern("(?m)^  migrate +Move ")
        .containsPattern("(?m)^  receive +Wait ").containsPattern("(?m)^  send +Move ")
        .containsPattern("(?m)^  states +Show ").containsPattern("(?m)^  plan +Tell ")
        .doesNotContain("generate-completion");
  }

  @Test
  void theVersionIsALine() {
    assertThat(Run.vfio4j("--version").out().lines()).singleElement().asString().startsWith("vfio4j ");
  }

  @Test
  void theVersionMayBeRequestedInShortAndAsJson() {
    assertThat(Run.vfio4j("-V")).isEqualTo(Run.vfio4j("--version"));
    for (String option : List.of("-V", "--version")) {
      JsonObject version = Run.vfio4j(option, "--json").event("version");
      assertThat("vfio4j " + version.get("version").getAsString() + "\n").isEqualTo(Run.vfio4j("-V").out());
      assertThat(version.get("java").getAsString()).isEqualTo(Runtime.version().toString());
    }
  }

  @Test
  void thereIsCompletionForTheShell() {
    assertThat(Run.vfio4j("generate-completion").out()).contains("complete -F").contains("--max-downtime");
  }

  @Test
  void nothingIsColouredWhereNobodyLooks() {
    assertThat(Run.vfio4j("migrate", "--help").out()).doesNotContain("\u001b");
  }
}
