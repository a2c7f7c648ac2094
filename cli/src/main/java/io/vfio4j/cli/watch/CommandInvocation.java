// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * The command line of a command.
 *
 * @param name the command, as in {@code vfio4j migrate}
 * @param options its parameters and options, in the order of their declaration
 */
record CommandInvocation(String name, List<Argument> options) {

  /** An option or parameter and its value as given; the value of a flag is empty. */
  record Argument(String option, String value) {
  }

  static CommandInvocation of(CommandSpec spec) {
    ParseResult parsed = spec.commandLine().getParseResult();
    List<Argument> arguments = new ArrayList<>();
    parsed.matchedPositionals().forEach(
        parameter -> parameter.originalStringValues()
            .forEach(value -> arguments.add(new Argument(parameter.paramLabel(), value))));
    for (OptionSpec option : parsed.matchedOptions()) {
      boolean isFlag = option.arity().max() == 0;
      option.originalStringValues()
          .forEach(value -> arguments.add(new Argument(option.longestName(), isFlag ? "" : value)));
    }
    return new CommandInvocation(spec.qualifiedName(), arguments.stream().distinct().toList());
  }
}
