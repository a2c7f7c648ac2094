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
import io.vfio4j.cli.device.RegionOptions;
import io.vfio4j.cli.device.ResetOption;
import io.vfio4j.cli.report.FileReportJson;
import io.vfio4j.cli.report.FileReportText;
import io.vfio4j.cli.report.MigrationProgress;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.cli.watch.WatchOptions;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Side;
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

@Command(name = "save", description = {
    "Save the state of one or several devices to a file, and their memory.",
    "The devices stand still for a moment, as in a migration, and then go on. FILE is written beside its place and put "
        + "there when it is complete and on the disk: at any time there is the old file or the new one. "
        + "It holds all that the devices and the memory hold; only its owner may read it.",
    "Not saved are config space, interrupt setup and DMA mappings."}, footer = {"", "Examples:",
        "  vfio4j save vfio-user:/tmp/a.sock --output a.state",
        "  Two devices and the memory that they write to:",
        "    vfio4j save vfio-user:/tmp/a1.sock vfio-user:/tmp/a2.sock --region ram=/dev/shm/ram@0x100000000 "
            + "--output both.state",
        "  For good: the device stays stopped, and only the file has its state then:",
        "    vfio4j save vfio-user:/tmp/a.sock --stop --output a.state"})
public final class SaveCommand implements Callable<Integer> {

  @Parameters(paramLabel = "DEVICE", arity = "1..*", converter = DeviceAddressConverter.class, description = "A device to save: vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?memory=SIZE&...]. Several are saved together, as of one moment.")
  private List<DeviceAddress> devices = new ArrayList<>();

  @Option(names = {"-o",
      "--output"}, paramLabel = "FILE", required = true, description = "Where the state goes. A file that is there is replaced.")
  private @Nullable Path file;

  @Option(names = "--stop", description = "The devices stay in STOP, and the workload paused, instead of going on. A downtime has no limit then, and there is no pre-copy.")
  private boolean stop;

  @Mixin
  private final RegionOptions regions = new RegionOptions();

  @Mixin
  private final WorkloadOptions workloadOptions = new WorkloadOptions();

  @Mixin
  private final SourceOptions sourceOptions = new SourceOptions();

  @Mixin
  private final CompressOption compress = new CompressOption();

  @Mixin
  private final ResetOption reset = new ResetOption();

  @Mixin
  private final WatchOptions watch = new WatchOptions();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path path = OptionValues.required(file, "--output");
    MigrationOptions options = compress.applyTo(sourceOptions.build(common.spec()), common.spec());
    regions.requireNotRegion(common.spec(), "--output", path);
    try (MigrationMonitor watching = watch.start(common.spec(), common.output())) {
      return watching.run(() -> save(path, options, watching));
    }
  }

  private int save(Path path, MigrationOptions options, MigrationMonitor watching) throws IOException {
    Output output = common.output();
    try (OpenDevices sources =
        OpenDevices.open(DeviceAddress.withTimeout(options.timeouts(), devices),
            address -> address.openSource(reset.isAllowed(), output::warning));
        MappedMemory memory = regions.map(common.spec(), output::warning);
        WorkloadOptions.WorkloadHandle workload = workloadOptions.start(memory.regions(), common.spec())) {
      SaveReport report = save(sources, memory.regions(), path, options, workload, watching, output);
      watching.onSaved(report, path);
      FileReportText.lines(report, path).forEach(output::line);
      reportReleaseEffects(sources, output);
      output.result(FileReportJson.of(report, path));
      report.workloadFailure().ifPresent(why -> output.warning(
          "vfio4j: the devices run on, but their workload did not resume, and stays paused: " + why));
      return report.workloadFailure().isPresent() ? ExitCodes.WORKLOAD_PAUSED : ExitCodes.SUCCESS;
    }
  }

  private SaveReport save(OpenDevices sources, MemoryRegions memory, Path path, MigrationOptions options,
      WorkloadOptions.WorkloadHandle workload, MigrationMonitor watching, Output output) throws IOException {
    OptionalLong expected = sources.stopCopyLength();
    try (SignalInterrupt _ = SignalInterrupt.install();
        MigrationProgress progress = new MigrationProgress(output, Side.SOURCE, expected)) {
      return new StateSaver(sources.deviceSet().withMemory(memory), path, stop, options, workload.workload(),
          watching.notifyAfter(progress)).run();
    } catch (MigrationException e) {
      throw watching.onSaveFailed(e, MigrationFailureReport.ofSave(e));
    }
  }

  private void reportReleaseEffects(OpenDevices sources, Output output) {
    for (OpenDevice source : sources.list()) {
      if (stop && source.keepsStopped()) {
        output
            .line("%s stays in STOP with its state. To run it: %s. To reset it: %s.".formatted(source.name(),
                SuggestedCommand.resume(source.name()), SuggestedCommand.discard(source.name())));
      } else if (stop || !source.keepsState()) {
        output.line("%s is let go of when this command ends; %s.".formatted(source.name(),
            source.isInProcess()
                ? "it ends with it"
                : source.releaseEffect()));
      }
    }
  }
}
