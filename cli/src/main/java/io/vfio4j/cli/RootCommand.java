// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.cli.base.CommonOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

@Command(name = "vfio4j", versionProvider = VersionProvider.class, description = "Moves running VFIO devices, with their state, to where they are needed next.", footer = {
    "", "Examples:", "  Two device servers, and a move from one to the other:",
    "    vfio4j serve scratch --socket /tmp/a.sock --memory 256m &",
    "    vfio4j serve scratch --socket /tmp/b.sock --memory 256m &",
    "    vfio4j migrate --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock", "  What a device can do:",
    "    vfio4j probe vfio-user:/tmp/b.sock", "  Without any server, with devices inside the command itself:",
    "    vfio4j migrate --from sim:a?memory=1g --to sim:b?memory=1g", "",
    "Exit codes:", "  0  done", "  1  not done; the source runs, or nothing was touched", "  2  wrong usage",
    "  3  a source that does not run, or an unknown owner: what to do about it is on the standard error",
    "  4  done, but the workload stays paused", "  5  a result that could not be written", "",
    "Each command has its own help: vfio4j COMMAND --help"})
final class RootCommand implements Runnable {

  @Option(names = {"-V",
      "--version"}, versionHelp = true, description = "Show the version; with --json, also that of Java.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it.
  private boolean version;

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public void run() {
    throw new ParameterException(common.spec().commandLine(),
        "say what to do: one of "
            + String.join(", ", UsageErrorHandler.subcommands(common.spec().commandLine())));
  }
}
