// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.model.HarmlessText;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Answers wrong arguments with a line that says what would be right, and not with pages of help. */
final class UsageErrors implements IParameterExceptionHandler {

  /** How picocli begins when a value is wrong; the name of the option is enough. */
  private static final Pattern INVALID = Pattern.compile(
      "^Invalid value for (?:option '(\\S+?)'(?: \\(\\S+\\))?|positional parameter at index \\d+ \\((\\S+)\\)): ");

  @Override
  public int handleParseException(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    String text = oneLine(e instanceof UnmatchedArgumentException unmatched ? unmatched(unmatched)
        : String.valueOf(e.getMessage()));
    command.getErr().print("%s: %s\nsee: %s --help\n".formatted(name, HarmlessText.of(text), name));
    command.getErr().flush();
    return ExitCodes.USAGE;
  }

  private static String unmatched(UnmatchedArgumentException e) {
    String word = e.getUnmatched().isEmpty() ? "" : e.getUnmatched().getFirst();
    List<String> suggestions = e.getSuggestions();
    List<String> subcommands = subcommands(e.getCommandLine());
    String hint = suggestions.stream().filter(known -> begins(known, word)).findFirst()
        .map(known -> "; did you mean %s?".formatted(known)).orElse("");
    if (!word.startsWith("-") && !subcommands.isEmpty()) {
      return "'%s' is not a command%s there are %s".formatted(word, hint.isEmpty() ? ";" : hint,
          String.join(", ", subcommands));
    }
    if (!hint.isEmpty()) {
      return "'%s' is not known here%s".formatted(word, hint);
    }
    return "'%s' does not belong there".formatted(word);
  }

  /** picocli finds something similar to anything. */
  private static boolean begins(String known, String word) {
    int same = word.startsWith("--") ? 4 : 2;
    return word.length() >= same && known.startsWith(word.substring(0, same));
  }

  static List<String> subcommands(CommandLine command) {
    return command.getSubcommands().entrySet().stream()
        .filter(entry -> !entry.getValue().getCommandSpec().usageMessage().hidden()).map(Map.Entry::getKey)
        .distinct().toList();
  }

  /** Some texts of picocli have several lines. */
  private static String oneLine(String text) {
    String line = text.strip().replaceAll("\\s*\\R\\s*", " ");
    Matcher invalid = INVALID.matcher(line);
    if (!invalid.find()) {
      return line;
    }
    String option = invalid.group(1);
    return (option == null ? invalid.group(2) : option) + ": " + line.substring(invalid.end());
  }
}
