// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import java.io.PrintWriter;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options of every command: a picocli mixin. */
public final class CommonOptions {

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec mixee;

  @Option(names = "--json", description = "Print events as JSON, one object per line.")
  private boolean json;

  @Option(names = "--quiet", description = "Print only errors; with --json, only the result.")
  private boolean quiet;

  @Option(names = "--debug", description = "Print the stack trace of an error.")
  private boolean debug;

  @Option(names = {"-h", "--help"}, usageHelp = true, description = "Print this help.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it.
  private boolean help;

  /** Returns the common options of a command; empty only for picocli's own commands. */
  public static Optional<CommonOptions> of(CommandLine command) {
    return command.getCommandSpec().mixins().values().stream().map(CommandSpec::userObject)
        .filter(CommonOptions.class::isInstance).map(CommonOptions.class::cast).findFirst();
  }

  /** Returns whether events are printed as JSON. */
  public boolean json() {
    return json;
  }

  /** Returns whether only errors are printed. */
  public boolean quiet() {
    return quiet;
  }

  /** Returns whether stack traces are printed. */
  public boolean debug() {
    return debug;
  }

  /** Returns the output of this command. */
  public Output output() {
    CommandSpec spec = spec();
    return new Output(out(), spec.commandLine().getErr(), json, quiet);
  }

  private PrintWriter out() {
    return spec().commandLine().getOut();
  }

  /** Returns the picocli model of the command, for errors in its arguments. */
  public CommandSpec spec() {
    if (mixee == null) {
      throw new IllegalStateException("not mixed into a command");
    }
    return mixee;
  }

  /** Returns an error in the command's arguments. */
  public ParameterException usageError(String message) {
    return new ParameterException(spec().commandLine(), message);
  }
}
