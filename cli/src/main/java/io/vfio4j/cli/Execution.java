// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.IExecutionStrategy;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.UnmatchedArgumentException;

/** Executes what was parsed, after what picocli leaves out where help or the version is requested too. */
final class Execution implements IExecutionStrategy {

  @Override
  public int execute(ParseResult parsed) throws ExecutionException {
    List<CommandLine> commands = parsed.asCommandLineList();
    commands.forEach(Execution::rejectUnknown);
    CommandLine last = commands.getLast();
    CommonOptions.of(last).ifPresent(common -> Termination.reportBy(() -> interrupted(common.output())));
    if (parsed.isVersionHelpRequested() && CommonOptions.of(last).filter(CommonOptions::json).isPresent()) {
      CommonOptions.of(last).orElseThrow().output().result(Version.json());
      return ExitCodes.DONE;
    }
    if (parsed.isUsageHelpRequested() || last.getCommand() instanceof HelpOfCommand
        || commands.stream().anyMatch(CommandLine::isUsageHelpRequested)) {
      HelpLayout.apply(commands.getFirst(), Terminal.columns(Terminal.STDOUT));
    }
    return new RunLast().execute(parsed);
  }

  /** picocli forgives unknown arguments beside --help: {@code vfio4j nonsense --help} would succeed. */
  private static void rejectUnknown(CommandLine command) {
    List<String> unknown = command.getUnmatchedArguments();
    if (!unknown.isEmpty()) {
      throw new UnmatchedArgumentException(command, unknown);
    }
  }

  private static void interrupted(Output output) {
    InterruptedException signal = new InterruptedException();
    output.warning("vfio4j: " + Failures.words(signal));
    output.result(ErrorJson.of(signal));
  }
}
