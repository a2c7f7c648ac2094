// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The parts of docs/commands.md that are generated from the commands: synopsis and options. */
final class CommandReference {

  /** The start of a generated part of the page; its name follows. */
  static final String BEGIN = "<!-- generated: ";
  static final String END = "<!-- end of generated -->";

  private static final String TABLE = "| %s | |\n|---|---|\n";

  private CommandReference() {
  }

  /** Returns all generated parts by name. */
  static Map<String, String> parts() {
    CommandLine root = Commands.commandLine();
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("commands", TABLE.formatted("command") + visible(root).filter(CommandReference::isOwn)
        .map(command -> row("[`%s`](#%s)".formatted(name(command), name(command).replace(' ', '-')),
            command.getCommandSpec().usageMessage().description()[0]))
        .collect(Collectors.joining()));
    parts.put("options of every command", options(root));
    visible(root).filter(CommandReference::isOwn)
        .forEach(command -> parts.put(name(command),
            "`%s`\n\n%s".formatted(synopsis(command), arguments(command))));
    return parts;
  }

  private static Stream<CommandLine> visible(CommandLine command) {
    return command.getSubcommands().values().stream()
        .filter(sub -> !sub.getCommandSpec().usageMessage().hidden())
        .flatMap(sub -> Stream.concat(Stream.of(sub), visible(sub)));
  }

  /** A command that only has subcommands is documented by them. */
  private static boolean isOwn(CommandLine command) {
    return !name(command).equals("help") && (command.getSubcommands().isEmpty() || !own(command).isEmpty());
  }

  private static String name(CommandLine command) {
    return command.getCommandSpec().qualifiedName().replaceFirst("^vfio4j ", "");
  }

  private static boolean isCommon(OptionSpec option) {
    return List.of("--json", "--quiet", "--debug", "--help").contains(option.longestName());
  }

  private static List<OptionSpec> own(CommandLine command) {
    return command.getCommandSpec().options().stream()
        .filter(option -> !option.hidden() && !isCommon(option) && !isOfSubcommands(command, option))
        .toList();
  }

  /** An option that the subcommands have too is documented there. */
  private static boolean isOfSubcommands(CommandLine command, OptionSpec option) {
    return !command.getSubcommands().isEmpty() && command.getSubcommands().values().stream()
        .allMatch(sub -> sub.getCommandSpec().findOption(option.longestName()) != null);
  }

  /** Required options come first. */
  private static String synopsis(CommandLine command) {
    List<String> words = new ArrayList<>(List.of(command.getCommandSpec().qualifiedName()));
    command.getCommandSpec().positionalParameters()
        .forEach(parameter -> words.add(form(parameter, title(parameter))));
    List<OptionSpec> options = own(command);
    options.stream().filter(OptionSpec::required)
        .forEach(option -> words.add(form(option, longForm(option))));
    options.stream().filter(option -> !option.required())
        .forEach(option -> words.add(form(option, longForm(option))));
    return String.join(" ", words);
  }

  private static String longForm(OptionSpec option) {
    String title = title(option);
    return title.substring(title.indexOf("--"));
  }

  private static String form(ArgSpec argument, String title) {
    boolean several = argument.isMultiValue();
    return (argument.required() ? title : "[" + title + "]") + (several && argument.isOption() ? "..." : "");
  }

  private static String title(OptionSpec option) {
    return HelpLayout.title(option).replaceFirst("(?<!\\[)=", " ");
  }

  private static String title(PositionalParamSpec parameter) {
    return parameter.isMultiValue() ? parameter.paramLabel() + "..." : parameter.paramLabel();
  }

  private static String arguments(CommandLine command) {
    String rows = command.getCommandSpec().positionalParameters().stream()
        .map(parameter -> row("`%s`".formatted(title(parameter)), parameter.description()))
        .collect(Collectors.joining())
        + own(command).stream().map(option -> row("`%s`".formatted(title(option)), option.description()))
            .collect(Collectors.joining());
    return rows.isEmpty() ? "" : TABLE.formatted("argument") + rows;
  }

  private static String options(CommandLine root) {
    return TABLE.formatted("option") + root.getCommandSpec().options().stream()
        .map(option -> row("`%s`".formatted(title(option)), option.description()))
        .collect(Collectors.joining());
  }

  private static String row(String title, String... description) {
    return "| %s | %s |\n".formatted(title.replace("|", "\\|"),
        String.join(" ", description).strip().replace("|", "\\|"));
  }

  /** Returns a page with all its parts up to date; a command without a section gets one, after that of the one before. */
  static String update(String page) {
    String updated = page;
    String previous = "";
    for (Map.Entry<String, String> part : parts().entrySet()) {
      String head = BEGIN + part.getKey() + " -->\n";
      if (!updated.contains(head)) {
        updated = addSection(updated, previous, part.getKey(), head);
      }
      int begin = updated.indexOf(head) + head.length();
      updated =
          updated.substring(0, begin) + part.getValue() + updated.substring(updated.indexOf(END, begin));
      previous = head;
    }
    return updated;
  }

  private static String addSection(String page, String previous, String name, String head) {
    int next = page.indexOf("\n## ", page.indexOf(previous)) + 1;
    return page.substring(0, next) + "## " + name + "\n\n" + head + END + "\n\n" + page.substring(next);
  }
}
