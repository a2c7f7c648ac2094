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
import io.vfio4j.cli.base.TemporaryFolder;
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

/** The {@code demo} command. */
@Command(name = "demo", sortOptions = false, description = {
    "Migrate devices with live traffic, and prove that nothing is lost.",
    "Starts two device servers as separate processes and acts as the virtual machine: it owns the guest memory, drives"
        + " the device (10,000 DMA writes per second, 2,000 changed pages per second, a timer), migrates it from one"
        + " server to the other meanwhile, and checks memory, registers, the sequence of the writes and the timer.",
    "With --devices, it starts two servers for each of several devices. Each device writes to guest memory and to the"
        + " memory of the next device, 10,000 times per second each. All are migrated together, and all of these"
        + " sequences are checked.",
    "With --swap, a client keeps using one device while the server behind it is replaced twice by vfio4j swap and the old"
        + " processes end.",
    "The exit code is 0 only if all checks pass.", ""}, footerHeading = "%nExamples:%n", footer = {
        "  vfio4j demo", "  vfio4j demo --devices 4", "  vfio4j demo --swap", "  vfio4j demo --memory 1g",
        "  vfio4j demo --load /var/lib/big.iso --json"})
public final class DemoCommand implements Callable<Integer> {

  private static final int MAX_DEVICES = 16;
  private static final long DEFAULT_MEMORY = 256L << 20;
  private static final long DEFAULT_MEMORY_EACH = 64L << 20;

  @Mixin
  private CommonOptions common = new CommonOptions();

  @Option(names = "--devices", paramLabel = "N", defaultValue = "1", description = "Number of devices, 1 to 16 (default: 1).")
  private int devices;

  @Option(names = "--swap", description = "Replace the server of a device that a client is using.")
  private boolean swap;

  @Option(names = "--memory", paramLabel = "SIZE", converter = SizeConverter.class, description = "Size of a device's internal memory (default: 256m, with several devices 64m each).")
  private @Nullable Long memory;

  @Option(names = "--load", paramLabel = "FILE", description = "Initial content of the memory, as much of FILE as fits (default: lib/modules of the JDK).")
  private @Nullable Path load;

  @Override
  public Integer call() throws Exception {
    checkArguments();
    DemoSettings settings = settings();
    // At the source and at the target: all pages are allocated once they have been sent and compared. Swaps are
    // compared with a copy.
    double copies = swap ? 3.0 : 2.0;
    HostMemory.ofThisHost().require((long) (copies * devices * settings.memory()), "the demonstration");
    if (swap) {
      return runSwap(settings);
    }
    return devices == 1 ? runSingle(settings) : runRing(settings);
  }

  private void checkArguments() {
    if (devices < 1 || devices > MAX_DEVICES) {
      throw usageError("--devices: %d is not between 1 and %d".formatted(devices, MAX_DEVICES));
    }
    if (devices > 1 && swap) {
      throw usageError("--swap: only one device can be swapped, without --devices");
    }
    if (devices > 1 && memory != null && memory <= PeerMemory.BYTES) {
      throw usageError("--memory: each of several devices needs more than %s for the writes of the other"
          .formatted(Quantities.bytes(PeerMemory.BYTES)));
    }
  }

  private ParameterException usageError(String message) {
    return new ParameterException(common.spec().commandLine(), message);
  }

  private int runSingle(DemoSettings settings) throws IOException, InterruptedException {
    Output output = common.output();
    output.line("vfio4j demo: two device servers, one device under load; this takes a few seconds.");
    DemoResult result = run(output,
        (folder, progress) -> new SingleDeviceDemo(settings, progress).run(folder));
    DemoReport report = new DemoReport(settings, result);
    return print(output, report.lines(), report.json(), result.passed());
  }

  private int runRing(DemoSettings settings) throws IOException, InterruptedException {
    Output output = common.output();
    output.line("vfio4j demo: %d device servers, %d devices under load; this takes some seconds."
        .formatted(2 * devices, devices));
    DemoResult result = run(output,
        (folder, progress) -> new RingDemo(devices, settings, progress).run(folder));
    RingReport report = new RingReport(settings, result);
    return print(output, report.lines(), report.json(), result.passed());
  }

  private int runSwap(DemoSettings settings) throws IOException, InterruptedException {
    Output output = common.output();
    output
        .line("vfio4j demo: a device under load, whose server is replaced twice; this takes a few seconds.");
    try (SignalInterrupt _ = SignalInterrupt.install();
        TemporaryFolder folder = new TemporaryFolder("vfio4j-demo-")) {
      SwapResult result = new SwapDemo(settings, folder.path()).run();
      SwapReport report = new SwapReport(settings, result);
      return print(output, report.lines(), report.json(), result.passed());
    }
  }

  @FunctionalInterface
  private interface DemoTask {
    DemoResult run(Path folder, MigrationProgress progress)
        throws IOException, MigrationException, InterruptedException;
  }

  private static DemoResult run(Output output, DemoTask demo)
      throws IOException, InterruptedException {
    try (SignalInterrupt _ = SignalInterrupt.install();
        TemporaryFolder folder = new TemporaryFolder("vfio4j-demo-");
        MigrationProgress progress = new MigrationProgress(output)) {
      return demo.run(folder.path(), progress);
    } catch (MigrationException e) {
      throw MigrationFailureReport.ofDemo(e);
    }
  }

  private static int print(Output output, List<String> lines, JsonObject json, boolean passed) {
    lines.forEach(output::line);
    output.result(json);
    return passed ? ExitCodes.SUCCESS : ExitCodes.FAILURE;
  }

  private DemoSettings settings() {
    long size = memory != null ? memory : devices == 1 ? DEFAULT_MEMORY : DEFAULT_MEMORY_EACH;
    DemoSettings.Builder settings = DemoSettings.builder().memory(size);
    Path file = load != null ? load : Path.of(System.getProperty("java.home"), "lib", "modules");
    if (load != null || Files.isReadable(file)) {
      settings.load(file.toAbsolutePath());
    }
    return settings.build();
  }
}
