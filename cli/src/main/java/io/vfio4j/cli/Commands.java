// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.cli.demo.DemoCommand;
import io.vfio4j.cli.inspect.InspectCommand;
import io.vfio4j.cli.simulate.SimulateCommand;
import io.vfio4j.cli.states.PlanCommand;
import io.vfio4j.cli.states.StatesCommand;
import java.util.List;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.HelpCommand;

/** Knows which commands there are, and puts them together. */
public final class Commands {

  /** The examples are longer than picocli's 80. */
  private static final int HELP_WIDTH = 112;

  private Commands() {
  }

  /** Returns the commands in the order in which the help lists them. */
  private static List<Object> all() {
    return List.of(new DemoCommand(), new ServeCommand(), new ProbeCommand(), new MigrateCommand(),
        new ReceiveCommand(), new SendCommand(), new SaveCommand(), new RestoreCommand(),
        new RecoverCommand(),
        new KeysCommand(), new ConformCommand(), new StatesCommand(),
        new PlanCommand(), new SimulateCommand(), new InspectCommand());
  }

  /** Makes the command line. */
  public static CommandLine commandLine() {
    CommandLine root = new CommandLine(new RootCommand());
    all().forEach(root::addSubcommand);
    root.addSubcommand(new HelpCommand());
    CommandLine completion = new CommandLine(new GenerateCompletion());
    completion.getCommandSpec().usageMessage().hidden(true);
    root.addSubcommand(completion);
    root.setParameterExceptionHandler(new UsageErrors());
    root.setExecutionExceptionHandler(new Failures());
    root.setCaseInsensitiveEnumValuesAllowed(true);
    // A path may begin with @.
    root.setExpandAtFiles(false);
    root.setUsageHelpWidth(HELP_WIDTH);
    root.setColorScheme(
        Help.defaultColorScheme(Terminal.colours(Terminal.STDOUT) ? Help.Ansi.ON : Help.Ansi.OFF));
    inDeclaredOrder(root);
    return root;
  }

  private static void inDeclaredOrder(CommandLine command) {
    command.getCommandSpec().usageMessage().sortOptions(false);
    command.getSubcommands().values().forEach(Commands::inDeclaredOrder);
  }
}
