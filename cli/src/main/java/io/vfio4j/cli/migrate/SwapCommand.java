// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.DeviceAddressConverter;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.recover.OwnershipResolver;
import io.vfio4j.cli.recover.StateDirOption;
import io.vfio4j.cli.recover.SwapJournal;
import io.vfio4j.cli.report.ComparisonReport;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.cli.watch.WatchOptions;
import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.ControlInfo;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code swap}. */
@Command(name = "swap", description = {
    "Replace the server of a device that a VMM is using: move the device, and the VMM's connection with it, to another server on this host.",
    "The VMM and its guest are not told. Accesses to the device wait while it is stopped, usually for a few milliseconds. "
        + "Afterwards the VMM talks to the new server directly, and the old one is free for another VMM.",
    "Before anything is touched, all that the VMM has seen of the device is compared with the other server's. If the swap "
        + "fails before the handover, the device runs on at the old server.",
    "The device's memory is passed to the new server and not copied, if both servers offer this. A device whose memory "
        + "the VMM has mapped is refused otherwise."}, footer = {"",
            "Examples:",
            "  vfio4j swap --from control:/tmp/a.control --to control:/tmp/b.control",
            "  Check whether a swap would be accepted:",
            "    vfio4j swap --from control:/tmp/a.control --to control:/tmp/b.control --dry-run"})
public final class SwapCommand implements Callable<Integer> {

  private final SwapObserver observer;

  @Option(names = "--from", paramLabel = "DEVICE", required = true, converter = DeviceAddressConverter.class, description = "The device that the VMM is using, control:PATH.")
  private @Nullable DeviceAddress from;

  @Option(names = "--to", paramLabel = "DEVICE", required = true, converter = DeviceAddressConverter.class, description = "The device that replaces it, control:PATH, which loses its own state. No VMM may be using it.")
  private @Nullable DeviceAddress to;

  @Option(names = "--max-downtime", paramLabel = "TIME", converter = DurationConverter.class, description = "Maximum downtime; a switchover that exceeds it is rolled back (default: 1s). The servers' --max-hold ends it too.")
  private Duration maxDowntime = Duration.ofSeconds(1);

  @Option(names = "--no-pre-copy", description = "Skip pre-copy: send everything while the device is stopped.")
  private boolean noPreCopy;

  @Mixin
  private final DryRunOption dryRun = new DryRunOption();

  @Mixin
  private final StateDirOption stateDir = new StateDirOption();

  @Mixin
  private final WatchOptions watch = new WatchOptions();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  /** Creates the command. */
  public SwapCommand() {
    this(SwapObserver.NONE);
  }

  /** Creates the command for tests, which inject faults at its steps. */
  SwapCommand(SwapObserver observer) {
    this.observer = observer;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    checkAddress("--from", from());
    checkAddress("--to", to());
    if (from().absolute().equals(to().absolute())) {
      throw common.usageError("--from and --to are the same device");
    }
    Output output = common.output();
    MigrationOptions options = options();
    if (dryRun.isEnabled()) {
      return compare(options, output);
    }
    StateDirectory state = stateDir.openForMigration(output);
    SwapRehearsal.once()
        .ifPresent(why -> output.warning("the pause may be longer, because the rehearsal failed: " + why));
    try (MigrationMonitor monitor = watch.start(common.spec(), output)) {
      CommandContext context =
          new CommandContext(options, monitor, output);
      return monitor.run(() -> swap(state, context));
    }
  }

  private DeviceAddress from() {
    return OptionValues.required(from, "--from");
  }

  private DeviceAddress to() {
    return OptionValues.required(to, "--to");
  }

  private void checkAddress(String option, DeviceAddress address) {
    if (!(address instanceof DeviceAddress.Control)) {
      throw common
          .usageError("%s %s: only a control socket can pass on a VMM's connection; expected control:PATH "
              .formatted(option, address) + "(vfio4j serve ... --control PATH)");
    }
  }

  private MigrationOptions options() {
    try {
      return MigrationOptions.builder().maxDowntime(maxDowntime).preCopy(!noPreCopy).build();
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(common.spec(), e);
    }
  }

  private int compare(MigrationOptions options, Output output) throws IOException {
    try (OpenDevice source = from().open(output::warning); OpenDevice target = to().open(output::warning)) {
      checkUse(source, target);
      return ComparisonReport.print(comparison(source, target, options), output);
    }
  }

  private static Comparison comparison(OpenDevice source, OpenDevice target, MigrationOptions options)
      throws IOException {
    return VmmViewComparison.extend(
        LocalMigration.compare(DeviceSet.of(source.device()), DeviceSet.of(target.device()), options,
            OpenDevice::mayHoldStaleState),
        control(source), control(target));
  }

  private static ControlClient control(OpenDevice device) {
    return device.control().orElseThrow();
  }

  /** Checks that a VMM uses the source, and none the target, and returns the token of its connection. */
  private static long checkUse(OpenDevice source, OpenDevice target) throws IOException {
    Optional<ControlInfo.Vmm> atTarget = control(target).info().vmm();
    if (atTarget.isPresent()) {
      throw new CommandException(ExitCodes.FAILURE,
          "%s is in use by pid %d; nothing was touched".formatted(target.name(), atTarget.get().pid()), null);
    }
    ControlInfo.Vmm vmm = control(source).info().vmm().filter(connected -> connected.token() != 0)
        .orElseThrow(() -> new CommandException(ExitCodes.FAILURE,
            "no VMM uses %s; nothing was touched. vfio4j migrate moves a device without one"
                .formatted(source.name()),
            null));
    return vmm.token();
  }

  private int swap(StateDirectory state, CommandContext context)
      throws IOException, InterruptedException {
    Output output = context.output();
    OwnershipResolver resolver = new OwnershipResolver(state, Optional.empty());
    List<DeviceAddress> addresses =
        DeviceAddress.withTimeout(context.options().timeouts(), List.of(from(), to()));
    try (OpenDevice target = addresses.get(1).open(output::warning);
        OpenDevice source = addresses.get(0).openSource(false, output::warning)) {
      long token = checkUse(source, target);
      target.prepareAsTarget();
      List<String> objections = comparison(source, target, context.options()).objections();
      if (!objections.isEmpty()) {
        throw new CommandException(ExitCodes.FAILURE,
            "the VMM would notice the difference; nothing was touched:\n  " + String.join("\n  ", objections),
            null);
      }
      OpenDevices sources = OpenDevices.of(source);
      SourceRunner.SourceInputs inputs =
          new SourceRunner.SourceInputs(sources, new PauseTrackingWorkload(Workload.NONE), false);
      SourceRunner.TargetInputs peer =
          new SourceRunner.TargetInputs(PeerDescription.devices(OpenDevices.of(target), stateDir), resolver);
      ConnectionHandover handover = new ConnectionHandover(control(source), control(target), token, observer);
      DeviceSet moved = sources.deviceSet().withHandover(handover);
      MigrationOptions options =
          context.options().withJournal(new SwapJournal(new AbsoluteAddressJournal(state.forOneHost()),
              new SwapJournal.Swapped(token, control(target).info().server())));
      return new SourceRunner(context, inputs, peer).run(listener -> LocalMigration.run(moved,
          DeviceSet.of(target.device()), options, Workload.NONE, event -> {
            listener.on(event);
            observer.on(event);
          }));
    }
  }
}
