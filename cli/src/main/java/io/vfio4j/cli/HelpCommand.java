// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.OptionValues;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code help} command: {@code help COMMAND} equals {@code COMMAND --help}, also for subcommands. */
@Command(name = "help", helpCommand = true, description = "Print the help of a command.")
final class HelpCommand implements Callable<Integer> {

  @Parameters(paramLabel = "COMMAND", arity = "0..*", description = "The command, as in 'serve scratch' (default: list all commands).")
  private List<String> words = new ArrayList<>();

  @Option(names = {"-h", "--help"}, usageHelp = true, description = "Print this help.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it.
  private boolean help;

  @Spec
  private @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    CommandLine own = OptionValues.required(spec, "the command").commandLine();
    CommandLine shown = own.getParent();
    for (String word : words) {
      CommandLine next = shown.getSubcommands().get(word);
      if (next == null) {
        throw new UnmatchedArgumentException(shown, List.of(word));
      }
      shown = next;
    }
    shown.usage(own.getOut());
    return ExitCodes.SUCCESS;
  }
}
