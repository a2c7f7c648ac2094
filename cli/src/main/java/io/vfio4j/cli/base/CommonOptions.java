// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import java.io.PrintWriter;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What every command takes. To be mixed in. */
public final class CommonOptions {

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec mixee;

  @Option(names = "--json", description = "Write one JSON object per event, each on a line of its own.")
  private boolean json;

  @Option(names = "--quiet", description = "Say nothing but errors; with --json, only the result.")
  private boolean quiet;

  @Option(names = "--debug", description = "Show stack traces of errors.")
  private boolean debug;

  @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it.
  private boolean help;

  /** Returns those of a command; it has none only if it is one of picocli's own. */
  public static Optional<CommonOptions> of(CommandLine command) {
    return command.getCommandSpec().mixins().values().stream().map(CommandSpec::userObject)
        .filter(CommonOptions.class::isInstance).map(CommonOptions.class::cast).findFirst();
  }

  /** Tells whether events are to be JSON. */
  public boolean json() {
    return json;
  }

  /** Tells whether only errors are to be told. */
  public boolean quiet() {
    return quiet;
  }

  boolean debug() {
    return debug;
  }

  /** Returns where this command is to write. */
  public Output output() {
    CommandSpec spec = spec();
    return new Output(out(), spec.commandLine().getErr(), json, quiet);
  }

  private PrintWriter out() {
    return spec().commandLine().getOut();
  }

  /** Returns the command's description, for errors in its arguments. */
  public CommandSpec spec() {
    if (mixee == null) {
      throw new IllegalStateException("not a part of a command");
    }
    return mixee;
  }
}
