// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** docs/commands.md tells of what there is. */
class CommandsDocTest {

  private static String docs() throws IOException {
    return Files.readString(Path.of(System.getProperty("basedir", ".")).resolve("../docs/commands.md"));
  }

  private static List<CommandLine> commands(CommandLine command) {
    List<CommandLine> all = new ArrayList<>();
    command.getSubcommands().values().stream()
        .filter(sub -> !sub.getCommandSpec().usageMessage().hidden() && !sub.getCommandName().equals("help"))
        .forEach(sub -> {
          all.add(sub);
          all.addAll(commands(sub));
        });
    return all;
  }

  @Test
  void everyOptionOfEveryCommandIsInItsSection() throws IOException {
    String docs = docs();
    String everywhere = section(docs, "Options of every command");
    for (CommandLine command : commands(Commands.commandLine())) {
      String name = command.getCommandSpec().qualifiedName().replaceFirst("^vfio4j ", "");
      if (!command.getSubcommands().isEmpty()) {
        continue; // Told of with its subcommands.
      }
      String section = section(docs, name) + everywhere;
      command.getCommandSpec().options().forEach(option -> assertThat(section).as("the section '%s'", name)
          .contains("`" + option.longestName()));
    }
  }

  private static String section(String docs, String title) {
    int begin = docs.indexOf("\n## " + title + "\n");
    assertThat(begin).as("a section '%s' in docs/commands.md", title).isNotNegative();
    int end = docs.indexOf("\n## ", begin + 1);
    return docs.substring(begin, end < 0 ? docs.length() : end);
  }
}
