// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * What was asked of a command.
 *
 * @param name the command, as in {@code vfio4j migrate}
 * @param options what was said of it, in the order of the command's options
 */
record CommandInvocation(String name, List<Argument> options) {

  /** An option or a parameter, and its value as it was written; empty for one that has none. */
  record Argument(String option, String value) {
  }

  static CommandInvocation of(CommandSpec spec) {
    ParseResult parsed = spec.commandLine().getParseResult();
    List<Argument> given = new ArrayList<>();
    parsed.matchedPositionals().forEach(
        parameter -> parameter.originalStringValues()
            .forEach(value -> given.add(new Argument(parameter.paramLabel(), value))));
    for (OptionSpec option : parsed.matchedOptions()) {
      boolean flag = option.arity().max() == 0;
      option.originalStringValues()
          .forEach(value -> given.add(new Argument(option.longestName(), flag ? "" : value)));
    }
    return new CommandInvocation(spec.qualifiedName(), given.stream().distinct().toList());
  }
}
