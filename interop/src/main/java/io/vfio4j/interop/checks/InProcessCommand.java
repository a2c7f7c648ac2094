// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.vfio4j.cli.Commands;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.FutureTask;
import picocli.CommandLine;

/**
 * A vfio4j command that was run in this process, because starting a JVM for each would take most of the time.
 *
 * @param arguments its arguments
 * @param code its exit code
 * @param out its standard output
 * @param err its standard error
 */
record InProcessCommand(List<String> arguments, int code, String out, String err) {

  /** Created once, because creating the command line takes most of the time of a short command. */
  private static final CommandLine COMMAND_LINE = Commands.commandLine();

  /** Runs a command. */
  static InProcessCommand run(String... arguments) {
    return run(COMMAND_LINE, new StringWriter(), arguments);
  }

  /**
   * Runs a command in a new thread.
   *
   * @param out receives its standard output as it is written
   */
  static FutureTask<InProcessCommand> start(StringWriter out, String... arguments) {
    FutureTask<InProcessCommand> task = new FutureTask<>(() -> run(Commands.commandLine(), out, arguments));
    Thread thread = new Thread(task, arguments[0]);
    thread.setDaemon(true);
    thread.start();
    return task;
  }

  private static InProcessCommand run(CommandLine line, StringWriter out, String... arguments) {
    StringWriter err = new StringWriter();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    return new InProcessCommand(List.of(arguments), line.execute(arguments), out.toString(), err.toString());
  }

  /** Requires an exit code. */
  InProcessCommand requireExitCode(int expected) {
    Requirements.require(code == expected, "exit code %d instead of %d: %s".formatted(code, expected, this));
    return this;
  }

  /** Requires a text on standard error. */
  InProcessCommand requireStderr(String part) {
    Requirements.requireContains(err, part, "stderr of " + String.join(" ", arguments));
    return this;
  }

  /** Returns the last event that it printed as JSON. */
  JsonObject lastEvent() {
    return JsonParser.parseString(out.lines().reduce((_, last) -> last).orElse("{}")).getAsJsonObject();
  }

  @Override
  public String toString() {
    return String.join(" ", arguments) + "\n" + out + err;
  }
}
