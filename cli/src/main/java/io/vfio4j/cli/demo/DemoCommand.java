// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.HostMemory;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Quantities;
import io.vfio4j.cli.base.SignalInterrupt;
import io.vfio4j.cli.base.SizeConverter;
import io.vfio4j.cli.migrate.MigrationFailureReport;
import io.vfio4j.cli.report.MigrationProgress;
import io.vfio4j.engine.MigrationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code vfio4j demo}. */
@Command(name = "demo", sortOptions = false, description = {
    "Move devices with live traffic, and prove that nothing is lost.",
    "Starts two device servers as processes of their own and plays the virtual machine: it owns the guest memory,"
        + " drives the device (10,000 writes a second, 2,000 changed pages a second, a timer), moves it from one"
        + " server to the other meanwhile, and checks memory, registers, the sequence of the writes and the timer.",
    "With --devices it starts two servers for each of several devices. Each writes to guest memory and to the memory of"
        + " the next, 10,000 times a second, all are moved together, and each of these sequences is checked too.",
    "It exits with 0 only if all of it holds.", ""}, footerHeading = "%nExamples:%n", footer = {
        "  vfio4j demo", "  vfio4j demo --devices 4", "  vfio4j demo --memory 1g",
        "  vfio4j demo --load /var/lib/big.iso --json"})
public final class DemoCommand implements Callable<Integer> {

  private static final int MAX_DEVICES = 16;
  private static final long DEFAULT_MEMORY = 256L << 20;
  private static final long DEFAULT_MEMORY_EACH = 64L << 20;

  @Mixin
  private CommonOptions common = new CommonOptions();

  @Option(names = "--devices", paramLabel = "N", defaultValue = "1", description = "How many devices, 1 to 16 (default: 1).")
  private int devices;

  @Option(names = "--memory", paramLabel = "SIZE", converter = SizeConverter.class, description = "A device's internal memory; k, m, g (default: 256m, of several devices 64m each).")
  private @Nullable Long memory;

  @Option(names = "--load", paramLabel = "FILE", description = "What the memory holds at first, as much of it as fits (default: the JDK's own lib/modules).")
  private @Nullable Path load;

  /** Makes the command. */
  public DemoCommand() {
  }

  @Override
  public Integer call() throws Exception {
    checkArguments();
    DemoSettings settings = settings();
    // At the source and at the target: all of it is there once it was sent and compared.
    HostMemory.ofThisHost().require((long) (2.0 * devices * settings.memory()), "the demonstration");
    return devices == 1 ? runSingle(settings) : runRing(settings);
  }

  private void checkArguments() {
    if (devices < 1 || devices > MAX_DEVICES) {
      throw usageError("--devices %d: give 1 to %d".formatted(devices, MAX_DEVICES));
    }
    if (devices > 1 && memory != null && memory <= PeerMemory.BYTES) {
      throw usageError("--memory: each of several devices needs more than %s for what another writes to it"
          .formatted(Quantities.bytes(PeerMemory.BYTES)));
    }
  }

  private ParameterException usageError(String words) {
    return new ParameterException(common.spec().commandLine(), words);
  }

  private int runSingle(DemoSettings settings) throws IOException, InterruptedException {
    Output output = common.output();
    output.line("vfio4j demo: two device servers, one device at work; this takes a few seconds.");
    DemoResult result = run(output,
        (folder, progress) -> new SingleDeviceDemo(settings, progress).run(folder));
    DemoReport report = new DemoReport(settings, result);
    return report(output, report.lines(), report.json(), result.passed());
  }

  private int runRing(DemoSettings settings) throws IOException, InterruptedException {
    Output output = common.output();
    output.line("vfio4j demo: %d device servers, %d devices at work; this takes a few seconds more."
        .formatted(2 * devices, devices));
    RingResult result = run(output,
        (folder, progress) -> new RingDemo(devices, settings, progress).run(folder));
    RingReport report = new RingReport(settings, result);
    return report(output, report.lines(), report.json(), result.passed());
  }

  @FunctionalInterface
  private interface DemoTask<R> {
    R run(Path folder, MigrationProgress progress)
        throws IOException, MigrationException, InterruptedException;
  }

  private static <R> R run(Output output, DemoTask<R> demo)
      throws IOException, InterruptedException {
    try (SignalInterrupt _ = SignalInterrupt.install();
        TemporaryFolder folder = new TemporaryFolder();
        MigrationProgress progress = new MigrationProgress(output)) {
      return demo.run(folder.path(), progress);
    } catch (MigrationException e) {
      throw MigrationFailureReport.ofDemo(e);
    }
  }

  private static int report(Output output, List<String> lines, JsonObject json, boolean passed) {
    lines.forEach(output::line);
    output.result(json);
    return passed ? ExitCodes.SUCCESS : ExitCodes.FAILURE;
  }

  private DemoSettings settings() {
    long size = memory != null ? memory : devices == 1 ? DEFAULT_MEMORY : DEFAULT_MEMORY_EACH;
    DemoSettings settings = DemoSettings.DEFAULT.withMemory(size);
    Path file = load != null ? load : Path.of(System.getProperty("java.home"), "lib", "modules");
    return load != null || Files.isReadable(file) ? settings.withLoad(file.toAbsolutePath()) : settings;
  }
}
