// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.SignalInterrupt;
import io.vfio4j.cli.base.SuggestedCommand;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.DeviceAddressConverter;
import io.vfio4j.cli.device.MappedMemory;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.report.FileReportJson;
import io.vfio4j.cli.report.FileReportText;
import io.vfio4j.cli.report.MigrationProgress;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.file.SaveReport;
import io.vfio4j.engine.file.StateSaver;
import io.vfio4j.engine.memory.MemoryRegions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code save}. */
@Command(name = "save", description = {
    "Save the state of one or more devices, and their memory, to a file.",
    "The devices stop briefly, as in a migration, and then resume. FILE is replaced atomically once the new one is complete "
        + "and on disk. It contains the full state of the devices and the memory; only its owner can read it.",
    "Config space, interrupt setup and DMA mappings are not saved."}, footer = {"", "Examples:",
        "  vfio4j save vfio-user:/tmp/a.sock --output a.state",
        "  Two devices and the memory that they write to:",
        "    vfio4j save vfio-user:/tmp/a1.sock vfio-user:/tmp/a2.sock --region ram=/dev/shm/ram@0x100000000 "
            + "--output both.state",
        "  A device that a VMM is using; its accesses to the device wait while the device is stopped:",
        "    vfio4j save control:/tmp/a.control --output a.state",
        "  Leave the device stopped, so that only the file continues:",
        "    vfio4j save vfio-user:/tmp/a.sock --stop --output a.state"})
public final class SaveCommand implements Callable<Integer> {

  @Parameters(paramLabel = "DEVICE", arity = "1..*", converter = DeviceAddressConverter.class, description = "Device to save: "
      + DeviceAddress.SYNTAX + ". Several devices are saved together, at one point in time.")
  private List<DeviceAddress> devices = new ArrayList<>();

  @Option(names = {"-o",
      "--output"}, paramLabel = "FILE", required = true, description = "File to write. An existing file is replaced.")
  private @Nullable Path file;

  @Option(names = "--stop", description = "Leave the devices in STOP and the workload paused, without pre-copy and without a limit on the downtime. A device that a VMM is using resumes all the same.")
  private boolean stop;

  @Mixin
  private final SourceOptions sourceOptions = new SourceOptions();

  @Mixin
  private final CompressOption compress = new CompressOption();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path path = OptionValues.required(file, "--output");
    MigrationOptions options = compress.applyTo(sourceOptions.build(common.spec()), common.spec());
    sourceOptions.regions().requireNotRegion(common.spec(), "--output", path);
    Output output = common.output();
    try (MigrationMonitor monitor = sourceOptions.startMonitor(common.spec(), output)) {
      CommandContext context = new CommandContext(options, monitor, output);
      return monitor.run(() -> save(path, context));
    }
  }

  private int save(Path path, CommandContext context) throws IOException {
    Output output = context.output();
    try (OpenDevices sources = sourceOptions.open(devices, context);
        MappedMemory memory = sourceOptions.mapMemory(common.spec(), output);
        WorkloadOptions.WorkloadHandle handle =
            sourceOptions.startWorkload(memory.regions(), common.spec())) {
      SaveReport report = save(path, sources, memory.regions(), handle.workload(), context);
      context.monitor().onSaved(report, path);
      FileReportText.lines(report, path).forEach(output::line);
      printReleaseEffects(sources, output);
      output.result(FileReportJson.of(report, path));
      report.workloadFailure().ifPresent(reason -> output
          .warning("the devices run, but their workload did not resume and remains paused: " + reason));
      return report.workloadFailure().isPresent() ? ExitCodes.WORKLOAD_PAUSED : ExitCodes.SUCCESS;
    }
  }

  private SaveReport save(Path path, OpenDevices sources, MemoryRegions memory, Workload workload,
      CommandContext context) throws IOException {
    OptionalLong expected = sources.stopCopyLength();
    try (SignalInterrupt _ = SignalInterrupt.install();
        MigrationProgress progress = new MigrationProgress(context.output(), Side.SOURCE, expected)) {
      return new StateSaver(sources.deviceSet().withMemory(memory), path, stop, context.options(), workload,
          context.monitor().notifyAfter(progress)).run();
    } catch (MigrationException e) {
      throw context.monitor().onSaveFailed(e, MigrationFailureReport.ofSave(e));
    }
  }

  private void printReleaseEffects(OpenDevices sources, Output output) {
    for (OpenDevice source : sources.list()) {
      if (stop && source.keepsStopped()) {
        output
            .line("%s stays in STOP with its state. To run it: %s. To reset it: %s.".formatted(source.name(),
                SuggestedCommand.resume(source.name()), SuggestedCommand.discard(source.name())));
      } else if (stop || !source.keepsState()) {
        output.line("%s is closed when this command ends; %s.".formatted(source.name(),
            source.isInProcess() ? "it is part of the command"
                : stop ? source.stoppedReleaseEffect() : source.releaseEffect()));
      }
    }
  }
}
