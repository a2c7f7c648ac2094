// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.ErrorJson;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.Output;
import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Reports an exception that a command threw, and returns the exit code for it. */
final class ExecutionExceptionHandler implements IExecutionExceptionHandler {

  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
    CommonOptions common = CommonOptions.of(command)
        .orElseThrow(() -> new IllegalStateException(command.getCommandName() + " lacks the common options"));
    Output output = common.output();
    output.warning(ErrorMessages.describe(e));
    if (common.debug()) {
      StringWriter trace = new StringWriter();
      e.printStackTrace(new PrintWriter(trace, true));
      output.log(trace.toString().stripTrailing());
    }
    output.result(ErrorJson.of(e));
    return ErrorMessages.exitCode(e);
  }
}
