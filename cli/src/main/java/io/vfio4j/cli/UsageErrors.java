// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Answers wrong arguments with a line that says what would be right, and not with pages of help. */
final class UsageErrors implements IParameterExceptionHandler {

  @Override
  public int handleParseException(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    String text = oneLine(e instanceof UnmatchedArgumentException unmatched ? unmatched(unmatched)
        : String.valueOf(e.getMessage()));
    command.getErr().print("%s: %s\nsee: %s --help\n".formatted(name, text, name));
    command.getErr().flush();
    return ExitCodes.USAGE;
  }

  private static String unmatched(UnmatchedArgumentException e) {
    String word = e.getUnmatched().isEmpty() ? "" : e.getUnmatched().getFirst();
    List<String> suggestions = e.getSuggestions();
    List<String> subcommands = subcommands(e.getCommandLine());
    if (!suggestions.isEmpty()) {
      return "'%s' is not known here; did you mean %s?".formatted(word, suggestions.getFirst());
    }
    if (!word.startsWith("-") && !subcommands.isEmpty()) {
      return "'%s' is not a command; there are %s".formatted(word, String.join(", ", subcommands));
    }
    return "'%s' does not belong there".formatted(word);
  }

  static List<String> subcommands(CommandLine command) {
    return command.getSubcommands().entrySet().stream()
        .filter(entry -> !entry.getValue().getCommandSpec().usageMessage().hidden()).map(Map.Entry::getKey)
        .distinct().toList();
  }

  /** Some texts of picocli have several lines. */
  private static String oneLine(String text) {
    return text.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
