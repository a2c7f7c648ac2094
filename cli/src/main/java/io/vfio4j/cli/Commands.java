// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.cli.base.Terminal;
import io.vfio4j.cli.conform.ConformCommand;
import io.vfio4j.cli.demo.DemoCommand;
import io.vfio4j.cli.handover.HandoverCommand;
import io.vfio4j.cli.inspect.InspectCommand;
import io.vfio4j.cli.migrate.MigrateCommand;
import io.vfio4j.cli.migrate.ReceiveCommand;
import io.vfio4j.cli.migrate.RestoreCommand;
import io.vfio4j.cli.migrate.SaveCommand;
import io.vfio4j.cli.migrate.SendCommand;
import io.vfio4j.cli.migrate.SwapCommand;
import io.vfio4j.cli.probe.ProbeCommand;
import io.vfio4j.cli.recover.RecoverCommand;
import io.vfio4j.cli.serve.ServeCommand;
import io.vfio4j.cli.simulate.SimulateCommand;
import io.vfio4j.cli.states.PlanCommand;
import io.vfio4j.cli.states.StatesCommand;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Help;

/** The list of commands, from which the command line is built. */
public final class Commands {

  private Commands() {
  }

  /** Returns the factories of all commands by name, in the order of the help. */
  private static Map<String, Supplier<Object>> all() {
    Map<String, Supplier<Object>> all = new LinkedHashMap<>();
    all.put("demo", DemoCommand::new);
    all.put("serve", ServeCommand::commandLine);
    all.put("probe", ProbeCommand::new);
    all.put("migrate", MigrateCommand::new);
    all.put("swap", SwapCommand::new);
    all.put("handover", HandoverCommand::new);
    all.put("receive", ReceiveCommand::new);
    all.put("send", SendCommand::new);
    all.put("save", SaveCommand::new);
    all.put("restore", RestoreCommand::new);
    all.put("recover", RecoverCommand::new);
    all.put("keys", KeysCommand::new);
    all.put("conform", ConformCommand::new);
    all.put("states", StatesCommand::new);
    all.put("plan", PlanCommand::new);
    all.put("simulate", SimulateCommand::new);
    all.put("inspect", InspectCommand::new);
    return all;
  }

  /** Creates the command line with all commands. */
  public static CommandLine commandLine() {
    CommandLine root = new CommandLine(new RootCommand());
    all().values().forEach(command -> root.addSubcommand(command.get()));
    root.addSubcommand(new HelpCommand());
    root.addSubcommand(new CompletionCommand());
    return configure(root);
  }

  /** Creates the command line for arguments, with the named command only: to build all takes longer than most run. */
  public static CommandLine commandLine(String[] arguments) {
    Supplier<Object> named = arguments.length > 0 ? all().get(arguments[0]) : null;
    return named == null ? commandLine() : commandLine(named.get());
  }

  /** Creates the command line with one command. */
  public static CommandLine commandLine(Object command) {
    return configure(new CommandLine(new RootCommand()).addSubcommand(command));
  }

  private static CommandLine configure(CommandLine root) {
    root.setParameterExceptionHandler(new UsageErrorHandler());
    root.setExecutionStrategy(new ExecutionStrategy());
    root.setExecutionExceptionHandler(new ExecutionExceptionHandler());
    root.setCaseInsensitiveEnumValuesAllowed(true);
    // A path may start with @.
    root.setExpandAtFiles(false);
    HelpLayout.apply(root, Terminal.DEFAULT_COLUMNS);
    root.setColorScheme(
        Help.defaultColorScheme(Terminal.supportsColour(Terminal.STDOUT) ? Help.Ansi.ON : Help.Ansi.OFF));
    keepDeclaredOrder(root);
    return root;
  }

  private static void keepDeclaredOrder(CommandLine command) {
    command.getCommandSpec().usageMessage().sortOptions(false);
    command.getSubcommands().values().forEach(Commands::keepDeclaredOrder);
  }
}
