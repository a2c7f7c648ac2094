// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.OptionValues;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints a shell completion script, also for the launcher in the source tree. */
@Command(name = "generate-completion", hidden = true, description = "Print a completion script for bash and zsh: source <(vfio4j generate-completion)")
final class CompletionCommand implements Callable<Integer> {

  @Option(names = {"-h", "--help"}, usageHelp = true, description = "Print this help.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it.
  private boolean help;

  @Spec
  private @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    CommandLine own = OptionValues.required(spec, "the command").commandLine();
    own.getOut().print(script(own.getParent()));
    own.getOut().flush();
    return ExitCodes.SUCCESS;
  }

  private static String script(CommandLine root) {
    // picocli registers names that are not used, such as vfio4j.sh.
    return AutoComplete.bash(root.getCommandName(), root).replaceAll("(?m)^(complete -F .* -o default) .*$",
        "$1 vfio4j ./vfio4j");
  }
}
