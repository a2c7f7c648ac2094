// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.cli.CommonOptions;
import io.vfio4j.cli.ExitCodes;
import io.vfio4j.cli.MigrationProgress;
import io.vfio4j.cli.Output;
import io.vfio4j.cli.SizeConverter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code vfio4j demo}. */
@Command(name = "demo", sortOptions = false, header = "Move a device with live traffic, and prove that nothing is lost.",
    description = {"",
        "Starts two device servers as processes of their own and plays the virtual machine: it owns the guest memory,"
            + " drives the device (10,000 writes a second, 2,000 changed pages a second, a timer), moves it from one"
            + " server to the other meanwhile, and checks memory, registers, the sequence of the writes and the timer.",
        "It exits with 0 only if all of it holds.", ""},
    footerHeading = "%nExamples:%n", footer = {"  vfio4j demo", "  vfio4j demo --memory 1g",
        "  vfio4j demo --load /var/lib/big.iso --json"})
public final class DemoCommand implements Callable<Integer> {

  @Mixin
  private CommonOptions common = new CommonOptions();

  @Option(names = "--memory", paramLabel = "SIZE", converter = SizeConverter.class, defaultValue = "256m",
      description = "The device's internal memory; k, m, g (default: 256m).")
  private long memory;

  @Option(names = "--load", paramLabel = "FILE",
      description = "What the memory holds at first, as much of it as fits (default: the JDK's own lib/modules).")
  private @Nullable Path load;

  /** Makes the command. */
  public DemoCommand() {
  }

  @Override
  public Integer call() throws Exception {
    DemoSettings settings = settings();
    Output output = common.output();
    output.line("vfio4j demo: two device servers, one device at work; this takes a few seconds.");
    Path folder = Files.createTempDirectory("vfio4j-demo-");
    try (MigrationProgress progress = new MigrationProgress(output)) {
      DemoResult result = new Demo(settings, progress).run(folder);
      progress.close();
      DemoReport report = new DemoReport(settings, result);
      report.lines().forEach(output::line);
      output.result(report.json());
      return result.passed() ? ExitCodes.DONE : ExitCodes.NOT_DONE;
    } finally {
      Files.deleteIfExists(folder.resolve("source.sock"));
      Files.deleteIfExists(folder.resolve("target.sock"));
      Files.deleteIfExists(folder);
    }
  }

  private DemoSettings settings() throws IOException {
    DemoSettings settings = DemoSettings.DEFAULT.withMemory(memory);
    Path file = load != null ? load : Path.of(System.getProperty("java.home"), "lib", "modules");
    return load != null || Files.isReadable(file) ? settings.withLoad(file.toAbsolutePath()) : settings;
  }
}
