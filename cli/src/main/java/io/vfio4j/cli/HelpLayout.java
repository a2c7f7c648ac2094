// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * Lays out the help for the width of the terminal, in two columns if there is room. picocli's own layout breaks lines within
 * addresses, at colons, and requires 55 columns. Examples are broken so that they remain valid shell commands.
 */
final class HelpLayout {

  /** Minimum width for two columns. */
  private static final int TWO_COLUMNS = 80;
  /** Maximum width, for readability. */
  private static final int MAX_COLUMNS = 120;
  private static final int MIN_COLUMNS = 20;
  private static final int INDENT = 4;
  private static final int LEFT_COLUMN = 29;
  private static final int COMMAND_COLUMN = 12;
  private static final String USAGE = "Usage: ";
  /** Width at which picocli does not break lines. */
  private static final int UNBROKEN = 100_000;

  private final int columns;

  private HelpLayout(int columns) {
    this.columns = columns;
  }

  /**
   * Lays out the help of a command and of its subcommands.
   *
   * @param columns the width of the terminal
   */
  static void apply(CommandLine command, int columns) {
    new HelpLayout(Math.clamp(columns, MIN_COLUMNS, MAX_COLUMNS)).apply(command);
  }

  private void apply(CommandLine command) {
    Map<String, IHelpSectionRenderer> sections = command.getHelpSectionMap();
    sections.put(UsageMessageSpec.SECTION_KEY_SYNOPSIS, this::synopsis);
    sections.put(UsageMessageSpec.SECTION_KEY_DESCRIPTION, this::description);
    sections.put(UsageMessageSpec.SECTION_KEY_PARAMETER_LIST,
        help -> arguments(help, help.commandSpec().positionalParameters(), HelpLayout::title));
    sections.put(UsageMessageSpec.SECTION_KEY_OPTION_LIST,
        help -> arguments(help, help.commandSpec().options(), HelpLayout::title));
    sections.put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST, this::commands);
    sections.put(UsageMessageSpec.SECTION_KEY_FOOTER,
        help -> footer(help.commandSpec().usageMessage().footer()));
    command.setHelpSectionMap(sections);
    command.getCommandSpec().usageMessage().width(UNBROKEN);
    command.getSubcommands().values().forEach(this::apply);
  }

  private boolean isWide() {
    return columns >= TWO_COLUMNS;
  }

  /** picocli prints "Usage: " before it. */
  private String synopsis(Help help) {
    String text = plain(help).synopsis(0).strip();
    int indent = isWide() ? USAGE.length() + help.commandSpec().qualifiedName().length() + 1 : USAGE.length();
    return TextWrap.wrap(USAGE + text, columns, " ".repeat(indent)).substring(USAGE.length()) + "\n";
  }

  private String description(Help help) {
    return plain(help).description().lines().map(line -> TextWrap.wrap(line, columns, "") + "\n")
        .collect(Collectors.joining());
  }

  /** Without colours, which would count as columns. */
  private static Help plain(Help help) {
    return new Help(help.commandSpec(), Help.defaultColorScheme(Help.Ansi.OFF));
  }

  private <A extends ArgSpec> String arguments(Help help, List<A> arguments, Function<A, String> title) {
    return arguments.stream().filter(argument -> !argument.hidden())
        .map(argument -> entry(help, title.apply(argument), argument.description()))
        .collect(Collectors.joining());
  }

  private String entry(Help help, String title, String... description) {
    // Short names have their own column, as usual.
    String head = (isWide() && !title.startsWith("-h") && !title.startsWith("-o") && !title.startsWith("-V")
        ? "      "
        : "  ") + title;
    return coloured(help, title, row(head, LEFT_COLUMN, description));
  }

  /** Returns an entry with its description beside or below it. */
  private String row(String head, int left, String... description) {
    int indent = isWide() ? left : INDENT;
    StringBuilder lines = new StringBuilder(head);
    int used = head.length();
    for (String line : description) {
      boolean beside = isWide() && used + 2 <= indent;
      lines.append(beside ? " ".repeat(indent - used) : "\n" + " ".repeat(indent))
          .append(
              TextWrap.wrap(" ".repeat(indent) + line, columns, " ".repeat(isWide() ? indent + 2 : indent))
                  .substring(indent));
      used = columns;
    }
    return lines.append('\n').toString();
  }

  private static String coloured(Help help, String title, String row) {
    return help.ansi().enabled()
        ? row.replaceFirst(Pattern.quote(title),
            Matcher.quoteReplacement(help.colorScheme().optionText(title).toString()))
        : row;
  }

  /** Returns an option's names and the label of its value. */
  static String title(OptionSpec option) {
    String names = String.join(", ", option.names());
    if (option.negatable()) {
      names = names.replaceFirst("--", "--[no-]");
    }
    boolean takes = option.arity().max() > 0;
    boolean may = option.arity().min() == 0;
    return !takes ? names : may ? "%s[=%s]".formatted(names, option.paramLabel())
        : "%s=%s".formatted(names, option.paramLabel());
  }

  private static String title(PositionalParamSpec parameter) {
    return parameter.arity().max() > 1 ? parameter.paramLabel() + "..." : parameter.paramLabel();
  }

  private String commands(Help help) {
    StringBuilder lines = new StringBuilder();
    help.subcommands().forEach((name, sub) -> {
      String[] description = sub.commandSpec().usageMessage().description();
      lines.append(row("  " + name, COMMAND_COLUMN, description.length == 0 ? "" : description[0]));
    });
    return lines.toString();
  }

  private String footer(String... footer) {
    List<String> lines = new ArrayList<>();
    for (String line : footer) {
      lines.add(line.length() <= columns ? line
          : line.strip().startsWith("vfio4j ") ? TextWrap.wrapCommand(line, columns)
              : TextWrap.wrapRow(line, columns));
    }
    return String.join("\n", lines) + "\n";
  }
}
