// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.DeviceAddressConverter;
import io.vfio4j.cli.device.MappedMemory;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.device.RegionArgument;
import io.vfio4j.cli.recover.OwnershipResolver;
import io.vfio4j.cli.recover.StateDirOption;
import io.vfio4j.cli.report.ComparisonReport;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.migration.LocalMigration;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code migrate}. */
@Command(name = "migrate", description = {
    "Migrate the state of one or more devices to other devices on this host.",
    "All devices must be RUNNING and have no other client. A device that a VMM is using has the address control:PATH, of the "
        + "control socket of its server; its VMM is disconnected at the end. To keep the VMM, use vfio4j swap.",
    "After the migration the target devices run; if a server does not "
        + "keep its device running, this command holds it open until SIGTERM or Ctrl-C. If the migration fails before the "
        + "handover, the source keeps running with its state.",
    "Several devices migrate together: no device stops until all have quiesced peer-to-peer DMA, and no target device starts "
        + "peer-to-peer DMA until all run.",
    "Config space, interrupt setup and DMA mappings are not migrated; the device's driver sets them up at the target. "
        + "The source devices are reset when they are closed."}, footer = {"", "Examples:",
            "  vfio4j migrate --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock",
            "  Limit the downtime to 100 ms and the rate to 200 MiB/s:",
            "    vfio4j migrate --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock --max-downtime 100ms "
                + "--max-bandwidth 200m",
            "  Migrate two devices that access each other:",
            "    vfio4j migrate --from vfio-user:/tmp/a1.sock --to vfio-user:/tmp/b1.sock "
                + "--from vfio-user:/tmp/a2.sock --to vfio-user:/tmp/b2.sock",
            "  Pause the program that drives the devices during the downtime:",
            "    vfio4j migrate --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock "
                + "--workload-pause 'kill -STOP 4711' --workload-resume 'kill -CONT 4711'",
            "  Check whether a migration would be accepted:",
            "    vfio4j migrate --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock --dry-run",
            "  Migrate between two kernel devices:",
            "    vfio4j migrate --from kernel:0000:3b:00.2 --to kernel:0000:3b:00.3",
            "  Hold the target device open while a program inspects it:",
            "    vfio4j migrate --from sim:a --to vfio-user:/tmp/b.sock --then 'sleep 60'"})
public final class MigrateCommand implements Callable<Integer> {

  @Option(names = "--from", paramLabel = "DEVICE", required = true, converter = DeviceAddressConverter.class, description = "Source device: "
      + DeviceAddress.SYNTAX + ". May be repeated.")
  private List<DeviceAddress> from = new ArrayList<>();

  @Option(names = "--to", paramLabel = "DEVICE", required = true, converter = DeviceAddressConverter.class, description = "Target device, which loses its own state. One for each --from, in the same order.")
  private List<DeviceAddress> to = new ArrayList<>();

  @Option(names = "--to-region", paramLabel = "NAME=PATH@IOVA[:SIZE]", converter = RegionArgument.Converter.class, description = "Target of the --region of the same name, address and size, backed by another file. May be repeated.")
  private List<RegionArgument> toRegions = new ArrayList<>();

  @Mixin
  private final SourceOptions sourceOptions = new SourceOptions();

  @Mixin
  private final DryRunOption dryRun = new DryRunOption();

  @Mixin
  private final HoldOptions holdOptions = new HoldOptions();

  @Mixin
  private final StateDirOption stateDir = new StateDirOption();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    checkAddresses();
    Output output = common.output();
    MigrationOptions options = sourceOptions.build(common.spec());
    if (dryRun.isEnabled()) {
      return compare(options, output);
    }
    StateDirectory state = stateDir.openForMigration(output);
    try (MigrationMonitor monitor = sourceOptions.startMonitor(common.spec(), output)) {
      CommandContext context =
          new CommandContext(options.withJournal(new AbsoluteAddressJournal(state)), monitor, output);
      return monitor.run(() -> migrate(state, context));
    }
  }

  private int migrate(StateDirectory state, CommandContext context)
      throws IOException, InterruptedException {
    int code;
    try (OpenDevices targets = TargetOptions.open(to, context.options(), context.output())) {
      // The sources are closed before the targets are held: other clients may be waiting for them.
      try (OpenDevices sources = sourceOptions.open(from, context)) {
        // Only after all sources have opened, since this resets targets.
        targets.prepareAsTargets();
        code = migrateDevices(sources, targets, new OwnershipResolver(state, Optional.empty()), context);
      }
      holdOptions.hold(targets, context.output());
    }
    return code;
  }

  private int compare(MigrationOptions options, Output output) throws IOException {
    try (OpenDevices targets = OpenDevices.open(to, address -> address.open(output::warning));
        OpenDevices sources = sourceOptions.openToCompare(from, output);
        MappedMemory memory = sourceOptions.mapMemory(common.spec(), output);
        MappedMemory toMemory = MappedMemory.map(toRegions, common.spec(), output::warning)) {
      DeviceSet source = sources.deviceSet().withMemory(memory.regions());
      DeviceSet target = targets.deviceSet().withMemory(toMemory.regions());
      return ComparisonReport
          .print(LocalMigration.compare(source, target, options, OpenDevice::mayHoldStaleState), output);
    }
  }

  private int migrateDevices(OpenDevices sources, OpenDevices targets, OwnershipResolver resolver,
      CommandContext context) throws IOException, InterruptedException {
    try (MappedMemory memory = sourceOptions.mapMemory(common.spec(), context.output());
        MappedMemory toMemory = MappedMemory.map(toRegions, common.spec(), context.output()::warning);
        WorkloadOptions.WorkloadHandle handle =
            sourceOptions.startWorkload(memory.regions(), common.spec())) {
      PauseTrackingWorkload workload = new PauseTrackingWorkload(handle.workload());
      SourceRunner.SourceInputs source =
          new SourceRunner.SourceInputs(sources, workload, holdOptions.isHoldingAllowed());
      SourceRunner.TargetInputs target =
          new SourceRunner.TargetInputs(PeerDescription.devices(targets, stateDir), resolver);
      DeviceSet moved = sources.sourceSet().withMemory(memory.regions());
      return new SourceRunner(context, source, target)
          .run(listener -> LocalMigration.run(moved,
              targets.deviceSet().withMemory(toMemory.regions()), context.options(), workload, listener));
    }
  }

  private void checkAddresses() {
    if (from.size() != to.size()) {
      throw common.usageError("%d --from and %d --to: each source device needs a target device"
          .formatted(from.size(), to.size()));
    }
    Set<String> seen = new HashSet<>();
    for (DeviceAddress address : from) {
      if (!seen.add(address.toString())) {
        throw common.usageError("--from %s is given twice".formatted(address));
      }
    }
    for (DeviceAddress address : to) {
      if (!seen.add(address.toString())) {
        throw common.usageError(from.stream().anyMatch(source -> source.toString().equals(address.toString()))
            ? "--from and --to are the same device; give two, as in --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock"
            : "--to %s is given twice".formatted(address));
      }
    }
  }
}
