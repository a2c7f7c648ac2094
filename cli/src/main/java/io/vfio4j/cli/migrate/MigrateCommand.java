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
import io.vfio4j.cli.device.RegionOptions;
import io.vfio4j.cli.device.ResetOption;
import io.vfio4j.cli.recover.OwnershipResolver;
import io.vfio4j.cli.recover.StateDirOption;
import io.vfio4j.cli.report.DryRunOption;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.cli.watch.WatchOptions;
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
import picocli.CommandLine.ParameterException;

@Command(name = "migrate", description = {
    "Move the state of one or several devices to other devices on this machine.",
    "All devices have to run, and nobody else may be connected to them. Afterwards they run at the target; "
        + "where a server does not keep them so, this command holds them open until SIGTERM or Ctrl-C. "
        + "A failure before the handover leaves the source running with nothing lost.",
    "Several devices move together: none stops before all have ended their peer-to-peer traffic, and none "
        + "begins it before all run.",
    "Not carried are config space, interrupt setup and DMA mappings: the driver of a device sets them up anew. "
        + "The source's devices are reset when they are let go of."}, footer = {"", "Examples:",
            "  vfio4j migrate --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock",
            "  At most 100 ms of downtime and 200 MiB a second:",
            "    vfio4j migrate --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock --max-downtime 100ms "
                + "--max-bandwidth 200m",
            "  Two devices that talk to each other:",
            "    vfio4j migrate --from vfio-user:/tmp/a1.sock --to vfio-user:/tmp/b1.sock "
                + "--from vfio-user:/tmp/a2.sock --to vfio-user:/tmp/b2.sock",
            "  With a program that drives them, and is to be paused meanwhile:",
            "    vfio4j migrate --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock "
                + "--workload-pause 'kill -STOP 4711' --workload-resume 'kill -CONT 4711'",
            "  Only tell whether it would go:",
            "    vfio4j migrate --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock --dry-run",
            "  Between two kernel devices:",
            "    vfio4j migrate --from kernel:0000:3b:00.2 --to kernel:0000:3b:00.3",
            "  Hold the device open while a program looks at it:",
            "    vfio4j migrate --from sim:a --to vfio-user:/tmp/b.sock --then 'sleep 60'"})
public final class MigrateCommand implements Callable<Integer> {

  @Option(names = "--from", paramLabel = "DEVICE", required = true, converter = DeviceAddressConverter.class, description = "A device that leaves: vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?memory=SIZE&...]. May be given several times.")
  private List<DeviceAddress> from = new ArrayList<>();

  @Option(names = "--to", paramLabel = "DEVICE", required = true, converter = DeviceAddressConverter.class, description = "The device that receives its state, and loses its own; as many as of --from, and in the same order.")
  private List<DeviceAddress> to = new ArrayList<>();

  @Mixin
  private final RegionOptions regions = new RegionOptions();

  @Option(names = "--to-region", paramLabel = "NAME=PATH@IOVA[:SIZE]", converter = RegionArgument.Converter.class, description = "Where the memory of --region goes: a region of the same name, place and size, in another file.")
  private List<RegionArgument> toRegions = new ArrayList<>();

  @Mixin
  private final WorkloadOptions workloadOptions = new WorkloadOptions();

  @Mixin
  private final SourceOptions sourceOptions = new SourceOptions();

  @Mixin
  private final ResetOption reset = new ResetOption();

  @Mixin
  private final DryRunOption dryRun = new DryRunOption();

  @Mixin
  private final HoldOptions holdOptions = new HoldOptions();

  @Mixin
  private final StateDirOption stateDir = new StateDirOption();

  @Mixin
  private final WatchOptions watch = new WatchOptions();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    checkAddresses();
    Output output = common.output();
    if (dryRun.isEnabled()) {
      return compare(output);
    }
    StateDirectory state = stateDir.openForMigration(output);
    MigrationOptions options =
        sourceOptions.build(common.spec()).withJournal(new AbsoluteAddressJournal(state));
    try (MigrationMonitor watching = watch.start(common.spec(), output)) {
      return watching.run(() -> migrate(state, options, watching, output));
    }
  }

  private int migrate(StateDirectory state, MigrationOptions options, MigrationMonitor watching,
      Output output)
      throws IOException, InterruptedException {
    int code;
    try (OpenDevices targets = OpenDevices.open(DeviceAddress.withTimeout(options.timeouts(), to),
        address -> address.open(output::warning))) {
      // Let go of before the targets are held: somebody may wait for them.
      try (OpenDevices sources =
          OpenDevices.open(DeviceAddress.withTimeout(options.timeouts(), from),
              address -> address.openSource(reset.isAllowed(), output::warning))) {
        // Not before all sources are known to be such that can leave.
        targets.prepareAsTargets();
        code = migrateDevices(sources, targets, options, new OwnershipResolver(state, Optional.empty()),
            watching,
            output);
      }
      holdOptions.hold(targets, output);
    }
    return code;
  }

  private int compare(Output output) throws IOException {
    MigrationOptions options = sourceOptions.build(common.spec());
    try (OpenDevices targets = OpenDevices.open(to, address -> address.open(output::warning));
        OpenDevices sources = OpenDevices.open(from, address -> reset.openToCompare(address, output));
        MappedMemory memory = regions.map(common.spec(), output::warning);
        MappedMemory toMemory = MappedMemory.map(toRegions, common.spec(), output::warning)) {
      DeviceSet source = sources.deviceSet().withMemory(memory.regions());
      DeviceSet target = targets.deviceSet().withMemory(toMemory.regions());
      return DryRunOption
          .report(LocalMigration.compare(source, target, options, OpenDevice::mayHoldStaleState), output);
    }
  }

  private int migrateDevices(OpenDevices sources, OpenDevices targets, MigrationOptions options,
      OwnershipResolver oracle,
      MigrationMonitor watching,
      Output output)
      throws IOException, InterruptedException {
    try (MappedMemory memory = regions.map(common.spec(), output::warning);
        MappedMemory toMemory = MappedMemory.map(toRegions, common.spec(), output::warning);
        WorkloadOptions.WorkloadHandle workload = workloadOptions.start(memory.regions(), common.spec())) {
      PauseTrackingWorkload paused = new PauseTrackingWorkload(workload.workload());
      return new SourceRunner(sources, paused, PeerDescription.devices(targets, stateDir),
          holdOptions.isHoldingAllowed(),
          oracle,
          watching,
          output).run(
              listener -> LocalMigration.run(sources.deviceSet().withMemory(memory.regions()),
                  targets.deviceSet().withMemory(toMemory.regions()), options, paused, listener));
    }
  }

  private void checkAddresses() {
    if (from.size() != to.size()) {
      throw usageError("%d times --from and %d times --to: give a device to go to for each that leaves"
          .formatted(from.size(), to.size()));
    }
    Set<String> seen = new HashSet<>();
    for (DeviceAddress address : from) {
      if (!seen.add(address.toString())) {
        throw usageError("--from %s is given twice".formatted(address));
      }
    }
    for (DeviceAddress address : to) {
      if (!seen.add(address.toString())) {
        throw usageError(from.stream().anyMatch(left -> left.toString().equals(address.toString()))
            ? "--from and --to are the same device; give two, as in --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock"
            : "--to %s is given twice".formatted(address));
      }
    }
  }

  private ParameterException usageError(String message) {
    return new ParameterException(common.spec().commandLine(), message);
  }
}
