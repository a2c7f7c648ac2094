// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.LazyCodecs;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.SignalInterrupt;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.DeviceAddressConverter;
import io.vfio4j.cli.device.MappedMemory;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.device.RegionOptions;
import io.vfio4j.cli.report.FileReportJson;
import io.vfio4j.cli.report.FileReportText;
import io.vfio4j.cli.report.MigrationProgress;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.cli.watch.WatchOptions;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.SavedState;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.file.RestoreException;
import io.vfio4j.engine.file.RestoreReport;
import io.vfio4j.engine.file.StateRestorer;
import io.vfio4j.engine.memory.MemoryRegions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "restore", description = {
    "Give devices the state that vfio4j save put into a file, and let them run.",
    "The whole file is read first: one that is damaged, or does not fit, touches no device. "
        + "A file can be restored as often as one likes; where its source was left running, this command says so.",
    "Where a device's server does not keep it running, this command holds it open until SIGTERM or Ctrl-C."}, footer = {
        "", "Examples:", "  vfio4j restore a.state vfio-user:/tmp/b.sock",
        "  Two devices and their memory:",
        "    vfio4j restore both.state vfio-user:/tmp/b1.sock vfio-user:/tmp/b2.sock "
            + "--region ram=/dev/shm/ram2@0x100000000",
        "  What is in it, and whether it would fit:", "    vfio4j inspect a.state vfio-user:/tmp/b.sock"})
public final class RestoreCommand implements Callable<Integer> {

  @Parameters(index = "0", paramLabel = "FILE", description = "The file.")
  private @Nullable Path file;

  @Parameters(index = "1..*", paramLabel = "DEVICE", arity = "1..*", converter = DeviceAddressConverter.class, description = "A device that is given a state, and loses its own: vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?...]. As many as were saved, and in the same order.")
  private List<DeviceAddress> devices = new ArrayList<>();

  @Option(names = "--arc-timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "Timeout for a call to a device; when it expires the device is treated as lost (default: 10s).")
  private @Nullable Duration arcTimeout;

  @Option(names = "--no-peer-dma", description = "No device reaches another's memory: several may be restored though one has no P2P states.")
  private boolean noPeerDma;

  @Mixin
  private final RegionOptions regions = new RegionOptions();

  @Mixin
  private final HoldOptions holdOptions = new HoldOptions();

  @Mixin
  private final WatchOptions watch = new WatchOptions();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path path = OptionValues.regularFile(common.spec(), "FILE", OptionValues.required(file, "FILE"));
    MigrationOptions options = options();
    regions.requireNotRegion(common.spec(), "FILE", path);
    try (MigrationMonitor watching = watch.start(common.spec(), common.output())) {
      return watching.run(() -> restore(path, options, watching));
    }
  }

  private int restore(Path path, MigrationOptions options, MigrationMonitor watching)
      throws IOException, InterruptedException {
    Output output = common.output();
    try (OpenDevices targets = OpenDevices.open(DeviceAddress.withTimeout(options.timeouts(), devices),
        address -> address.open(output::warning));
        MappedMemory memory = regions.map(common.spec(), output::warning)) {
      RestoreReport report = restore(path, targets, memory.regions(), options, watching, output);
      watching.onRestored(report, path);
      FileReportText.lines(report, path).forEach(output::line);
      output.result(FileReportJson.of(report, path));
      if (report.state().source() != SavedState.Source.STOPPED) {
        output.warning(
            "vfio4j: the source of %s %s when it was saved: this is a copy, and both go on from one state"
                .formatted(path, report.state().source().description()));
      }
      holdOptions.hold(targets, output);
    }
    return ExitCodes.SUCCESS;
  }

  private RestoreReport restore(Path path, OpenDevices targets, MemoryRegions memory,
      MigrationOptions options, MigrationMonitor watching, Output output) throws CommandException {
    try (SignalInterrupt _ = SignalInterrupt.install();
        MigrationProgress progress = new MigrationProgress(output, Side.TARGET, OptionalLong.empty())) {
      return new StateRestorer(targets.deviceSet().withMemory(memory), path, options,
          watching.notifyAfter(progress))
          .withResettable(OpenDevice::mayHoldStaleState).run();
    } catch (RestoreException e) {
      throw watching.onRestoreFailed(e, failure(e));
    }
  }

  private static CommandException failure(RestoreException e) {
    int code = switch (e.result()) {
      case UNTOUCHED, RESET -> ExitCodes.FAILURE;
      case NOT_RUNNING, UNSURE -> ExitCodes.INTERVENTION_REQUIRED;
    };
    var facts = Json.object().with("phase", e.phase().title()).with("devices", e.result().name()).build();
    return new CommandException(code, "the state was not restored: " + e.getMessage(), facts, e);
  }

  private MigrationOptions options() {
    try {
      MigrationOptions options =
          MigrationOptions.defaults().withNoPeerDma(noPeerDma).withCodecs(LazyCodecs.INSTANCE);
      if (arcTimeout == null) {
        return options;
      }
      Termination.allowDeviceCalls(arcTimeout);
      return options.withArcTimeout(arcTimeout);
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(common.spec(), e);
    }
  }
}
