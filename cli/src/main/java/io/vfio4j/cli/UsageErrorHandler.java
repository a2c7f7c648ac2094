// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.SpellingSuggestions;
import io.vfio4j.model.SanitizedText;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Reports a usage error in one line, and where to find the help, instead of printing the help. */
final class UsageErrorHandler implements IParameterExceptionHandler {

  /** The start of picocli's message about an invalid value, which is shortened to the name of the option. */
  private static final Pattern INVALID = Pattern.compile(
      "^Invalid value for (?:option '(\\S+?)'(?: \\(\\S+\\))?|positional parameter at index \\d+ \\((\\S+)\\)): ");

  @Override
  public int handleParseException(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    Optional<String> unknown = e instanceof UnmatchedArgumentException unmatched
        ? unmatched.getUnmatched().stream().findFirst()
        : misspelledOption(e);
    String text =
        toOneLine(
            unknown.map(word -> describeUnmatched(command, word)).orElse(String.valueOf(e.getMessage())));
    command.getErr().print("%s: %s\nsee: %s --help\n".formatted(name, SanitizedText.of(text), name));
    command.getErr().flush();
    return ExitCodes.USAGE;
  }

  private static String describeUnmatched(CommandLine command, String word) {
    List<String> subcommands = subcommands(command);
    boolean isOption = word.startsWith("-");
    String hint =
        SpellingSuggestions.closest(word.replaceFirst("=.*", ""), isOption ? options(command) : subcommands)
            .map("; did you mean %s?"::formatted).orElse("");
    if (!isOption && !subcommands.isEmpty()) {
      return "'%s' is not a command%s expected one of %s".formatted(word, hint.isEmpty() ? ":" : hint,
          String.join(", ", subcommands));
    }
    if (isOption) {
      return "unknown option '%s'%s".formatted(word, hint);
    }
    return "unexpected argument '%s'".formatted(word);
  }

  private static List<String> options(CommandLine command) {
    return command.getCommandSpec().options().stream().filter(option -> !option.hidden())
        .flatMap(option -> Stream.of(option.names())).filter(name -> name.startsWith("--")).toList();
  }

  /** If a required option is misspelt, picocli reports it as missing. */
  private static Optional<String> misspelledOption(ParameterException e) {
    return e instanceof MissingParameterException
        ? e.getCommandLine().getUnmatchedArguments().stream().filter(word -> word.startsWith("-")).findFirst()
        : Optional.empty();
  }

  static List<String> subcommands(CommandLine command) {
    return command.getSubcommands().entrySet().stream()
        .filter(entry -> !entry.getValue().getCommandSpec().usageMessage().hidden()).map(Map.Entry::getKey)
        .distinct().toList();
  }

  /** Some messages of picocli have several lines. */
  private static String toOneLine(String text) {
    String line = text.strip().replaceAll("\\s*\\R\\s*", " ");
    Matcher invalid = INVALID.matcher(line);
    if (!invalid.find()) {
      return line;
    }
    String option = invalid.group(1);
    return (option == null ? invalid.group(2) : option) + ": " + line.substring(invalid.end());
  }
}
