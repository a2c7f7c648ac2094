// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.SignalInterrupt;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.DeviceAddressConverter;
import io.vfio4j.cli.device.MappedMemory;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.report.FileReportJson;
import io.vfio4j.cli.report.FileReportText;
import io.vfio4j.cli.report.MigrationProgress;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.SavedState;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.file.RestoreException;
import io.vfio4j.engine.file.RestoreReport;
import io.vfio4j.engine.file.StateRestorer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The command {@code restore}. */
@Command(name = "restore", description = {
    "Load a saved state (vfio4j save) into devices, and run them.",
    "The whole file is verified before a device is touched. A file can be restored any number of times; if its source was "
        + "left running, this command prints a warning.",
    "If a server does not keep its device running, this command holds it open until SIGTERM or Ctrl-C."}, footer = {
        "", "Examples:", "  vfio4j restore a.state vfio-user:/tmp/b.sock",
        "  Two devices and their memory:",
        "    vfio4j restore both.state vfio-user:/tmp/b1.sock vfio-user:/tmp/b2.sock "
            + "--region ram=/dev/shm/ram2@0x100000000",
        "  Show the contents of a file, and whether it fits a device:",
        "    vfio4j inspect a.state vfio-user:/tmp/b.sock"})
public final class RestoreCommand implements Callable<Integer> {

  @Parameters(index = "0", paramLabel = "FILE", description = "File with the saved state.")
  private @Nullable Path file;

  @Parameters(index = "1..*", paramLabel = "DEVICE", arity = "1..*", converter = DeviceAddressConverter.class, description = "Device to load the state into, which loses its own state: "
      + DeviceAddress.SYNTAX + ". One for each device that was saved, in the same order.")
  private List<DeviceAddress> devices = new ArrayList<>();

  @Mixin
  private final PeerDmaOption peerDma = new PeerDmaOption();

  @Mixin
  private final TargetOptions targetOptions = new TargetOptions();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path path = OptionValues.regularFile(common.spec(), "FILE", OptionValues.required(file, "FILE"));
    MigrationOptions.Builder builder = targetOptions.build(common.spec()).toBuilder();
    peerDma.applyTo(builder);
    MigrationOptions options = builder.build();
    targetOptions.regions().requireNotRegion(common.spec(), "FILE", path);
    Output output = common.output();
    try (MigrationMonitor monitor = targetOptions.startMonitor(common.spec(), output)) {
      CommandContext context = new CommandContext(options, monitor, output);
      return monitor.run(() -> restore(path, context));
    }
  }

  private int restore(Path path, CommandContext context) throws IOException, InterruptedException {
    Output output = context.output();
    try (OpenDevices targets = targetOptions.open(devices, context);
        MappedMemory memory = targetOptions.mapMemory(common.spec(), output)) {
      targets.list().forEach(OpenDevice::warnIfInUse);
      RestoreReport report = restore(path, targets.deviceSet().withMemory(memory.regions()), context);
      context.monitor().onRestored(report, path);
      FileReportText.lines(report, path).forEach(output::line);
      output.result(FileReportJson.of(report, path));
      if (report.state().source() != SavedState.Source.STOPPED) {
        output.warning(
            "the source of %s %s when it was saved: these devices are a copy, and both now continue from the same state"
                .formatted(path, report.state().source().description()));
      }
      targetOptions.hold(targets, output);
    }
    return ExitCodes.SUCCESS;
  }

  private static RestoreReport restore(Path path, DeviceSet targets, CommandContext context)
      throws CommandException {
    try (SignalInterrupt _ = SignalInterrupt.install();
        MigrationProgress progress =
            new MigrationProgress(context.output(), Side.TARGET, OptionalLong.empty())) {
      return new StateRestorer(targets, path, context.options(), context.monitor().notifyAfter(progress))
          .withResettable(OpenDevice::mayHoldStaleState).run();
    } catch (RestoreException e) {
      throw context.monitor().onRestoreFailed(e, failure(e));
    }
  }

  private static CommandException failure(RestoreException e) {
    int code = switch (e.result()) {
      case UNTOUCHED, RESET -> ExitCodes.FAILURE;
      case NOT_RUNNING, UNSURE -> ExitCodes.INTERVENTION_REQUIRED;
    };
    JsonObject details =
        Json.object().with("phase", e.phase().title()).with("devices", e.result().name()).build();
    return new CommandException(code, "the state was not restored: " + e.getMessage(), details, e);
  }
}
