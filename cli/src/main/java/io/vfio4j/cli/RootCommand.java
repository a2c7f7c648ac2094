// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.cli.base.CommonOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

@Command(name = "vfio4j", versionProvider = VersionProvider.class, description = "Migrate running VFIO devices with their state.", footer = {
    "", "Examples:", "  Start two device servers, and migrate a device from one to the other:",
    "    vfio4j serve scratch --socket /tmp/a.sock --memory 256m &",
    "    vfio4j serve scratch --socket /tmp/b.sock --memory 256m &",
    "    vfio4j migrate --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock",
    "  Show what a device supports:",
    "    vfio4j probe vfio-user:/tmp/b.sock", "  Migrate between simulated devices, without servers:",
    "    vfio4j migrate --from sim:a?memory=1g --to sim:b?memory=1g", "",
    "Exit codes:", "  0  done", "  1  failed; the source runs, or nothing was changed", "  2  usage error",
    "  3  a source does not run, or its owner is unknown; standard error has the next command",
    "  4  done, but the workload did not resume", "  5  done, but the result could not be written", "",
    "For help on a command: vfio4j COMMAND --help"})
final class RootCommand implements Runnable {

  @Option(names = {"-V",
      "--version"}, versionHelp = true, description = "Print the version; with --json, also the version of Java.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it.
  private boolean version;

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public void run() {
    throw new ParameterException(common.spec().commandLine(),
        "missing command: expected one of "
            + String.join(", ", UsageErrorHandler.subcommands(common.spec().commandLine())));
  }
}
