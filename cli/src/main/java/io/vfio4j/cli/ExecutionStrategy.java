// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.ErrorJson;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Terminal;
import io.vfio4j.cli.base.Termination;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.IExecutionStrategy;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.UnmatchedArgumentException;

/** Executes the parsed command, after checks that picocli omits if help or the version is requested. */
final class ExecutionStrategy implements IExecutionStrategy {

  @Override
  public int execute(ParseResult parsed) throws ExecutionException {
    List<CommandLine> commands = parsed.asCommandLineList();
    commands.forEach(ExecutionStrategy::rejectUnmatchedArguments);
    CommandLine last = commands.getLast();
    CommonOptions.of(last)
        .ifPresent(common -> Termination.setInterruptReport(() -> reportInterrupt(common.output())));
    if (parsed.isVersionHelpRequested() && CommonOptions.of(last).filter(CommonOptions::json).isPresent()) {
      CommonOptions.of(last).orElseThrow().output().result(VersionProvider.json());
      return ExitCodes.SUCCESS;
    }
    if (parsed.isUsageHelpRequested() || last.getCommand() instanceof HelpCommand
        || commands.stream().anyMatch(CommandLine::isUsageHelpRequested)) {
      HelpLayout.apply(commands.getFirst(), Terminal.columns(Terminal.STDOUT));
    }
    return new RunLast().execute(parsed);
  }

  /** picocli ignores unknown arguments if --help is present: {@code vfio4j nonsense --help} would succeed. */
  private static void rejectUnmatchedArguments(CommandLine command) {
    List<String> unknown = command.getUnmatchedArguments();
    if (!unknown.isEmpty()) {
      throw new UnmatchedArgumentException(command, unknown);
    }
  }

  private static void reportInterrupt(Output output) {
    InterruptedException signal = new InterruptedException();
    output.warning(ErrorMessages.describe(signal));
    output.result(ErrorJson.of(signal));
  }
}
