// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class HelpTest {

  static Stream<String> commandNames() {
    return commands(Commands.commandLine()).map(CommandLine::getCommandSpec)
        .filter(command -> !command.usageMessage().hidden()).map(command -> command.qualifiedName())
        .filter(name -> !List.of("vfio4j", "vfio4j help").contains(name))
        .map(name -> name.replaceFirst("^vfio4j ", ""));
  }

  @ParameterizedTest
  @MethodSource("commandNames")
  void showsExamplesOfEveryCommand(String command) {
    CommandRun run = CommandRun.vfio4j((command + " --help").split(" "));

    assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.out()).startsWith("Usage: vfio4j " + command).contains("Example").contains("--json")
        .contains("  vfio4j " + command);
    assertThat(run.err()).isEmpty();
  }

  @Test
  void printsSameHelpForCommandAndOption() {
    assertThat(CommandRun.vfio4j("help", "migrate").out())
        .isEqualTo(CommandRun.vfio4j("migrate", "--help").out());
    assertThat(CommandRun.vfio4j("help", "serve", "scratch").out())
        .isEqualTo(CommandRun.vfio4j("serve", "scratch", "--help").out());
    assertThat(CommandRun.vfio4j("help").out()).isEqualTo(CommandRun.vfio4j("--help").out());
  }

  @Test
  void listsCommandsOnOneLineEach() {
    assertThat(CommandRun.vfio4j("--help").out()).contains("Commands:")
        .containsPattern("(?m)^  serve +Serve ")
        .containsPattern("(?m)^  probe +Show ").containsPattern("(?m)^  migrate +Migrate ")
        .containsPattern("(?m)^  receive +Receive ").containsPattern("(?m)^  send +Migrate ")
        .containsPattern("(?m)^  states +Show ").containsPattern("(?m)^  plan +Show ")
        .doesNotContain("generate-completion");
  }

  @Test
  void printsVersionOnOneLine() {
    assertThat(CommandRun.vfio4j("--version").out().lines()).singleElement().asString().startsWith("vfio4j ");
  }

  @Test
  void printsVersionForShortOptionAndAsJson() {
    assertThat(CommandRun.vfio4j("-V")).isEqualTo(CommandRun.vfio4j("--version"));
    for (String option : List.of("-V", "--version")) {
      JsonObject version = CommandRun.vfio4j(option, "--json").event("version");
      assertThat("vfio4j " + version.get("version").getAsString() + "\n")
          .isEqualTo(CommandRun.vfio4j("-V").out());
      assertThat(version.get("java").getAsString()).isEqualTo(Runtime.version().toString());
    }
  }

  @Test
  void generatesShellCompletion() {
    assertThat(CommandRun.vfio4j("generate-completion").out()).contains("complete -F")
        .contains("--max-downtime")
        .endsWith(" -o default vfio4j ./vfio4j\n");
  }

  static Stream<OptionSpec> optionsWithCandidates() {
    return commands(Commands.commandLine()).flatMap(command -> command.getCommandSpec().options().stream())
        .filter(option -> option.completionCandidates() != null);
  }

  private static Stream<CommandLine> commands(CommandLine command) {
    return Stream.concat(Stream.of(command),
        command.getSubcommands().values().stream().flatMap(HelpTest::commands));
  }

  /** Each word that shell completion offers is accepted. */
  @ParameterizedTest
  @MethodSource("optionsWithCandidates")
  void completesOnlyAcceptedValues(OptionSpec option) throws Exception {
    assertThat(option.converters()).as(option.longestName()).isNotEmpty();
    for (String word : Objects.requireNonNull(option.completionCandidates())) {
      assertThat(word).isLowerCase();
      assertThat(option.converters()[0].convert(word)).isNotNull();
    }
  }

  /** The help has two columns, or one on a narrow terminal, and no line exceeds the width. */
  @ParameterizedTest
  @ValueSource(ints = {40, 60, 79, 80, 120, 200})
  void wrapsHelpAtTerminalWidth(int columns) {
    for (CommandLine command : commands(Commands.commandLine()).toList()) {
      HelpLayout.apply(command, columns);
      String help = command.getUsageMessage(CommandLine.Help.Ansi.OFF);
      assertThat(help.lines()).as(command.getCommandSpec().qualifiedName()).allSatisfy(
          line -> assertThat(line.length() <= columns || isOneWord(line)).as(line).isTrue());
      assertThat(help).startsWith("Usage: " + command.getCommandSpec().qualifiedName());
    }
  }

  /** Returns whether a line is an option with its value, or cannot be broken for another reason. */
  private static boolean isOneWord(String line) {
    return line.replaceFirst(" \\\\$", "").replaceAll("'[^']*'", "quoted").strip().split(" ").length <= 2;
  }

  /** An example copied from a narrow terminal is still the whole command. */
  @ParameterizedTest
  @ValueSource(ints = {40, 80})
  void wrapsExamplesAsValidShell(int columns) {
    CommandLine root = Commands.commandLine();
    HelpLayout.apply(root, columns);
    for (CommandLine command : commands(root).toList()) {
      List<String> examples = Stream.of(command.getCommandSpec().usageMessage().footer())
          .filter(line -> line.strip().startsWith("vfio4j ")).map(String::strip).toList();
      assertThat(command.getUsageMessage(CommandLine.Help.Ansi.OFF).replaceAll(" \\\\\n +", " ").lines()
          .map(String::strip))
          .as(command.getCommandSpec().qualifiedName()).containsAll(examples);
    }
  }

  @Test
  void wrapsAtEightyColumnsWithoutTerminal() {
    assertThat(
        CommandRun.vfio4j("migrate", "--help").out().lines().mapToInt(String::length).max().orElseThrow())
        .isBetween(70, 80);
  }

  @Test
  void printsNoColoursWithoutTerminal() {
    assertThat(CommandRun.vfio4j("migrate", "--help").out()).doesNotContain("\u001b");
  }
}
