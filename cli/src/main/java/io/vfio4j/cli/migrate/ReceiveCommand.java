// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.LazyCodecs;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.SignalInterrupt;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.DeviceAddressConverter;
import io.vfio4j.cli.device.MappedMemory;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.device.RegionOptions;
import io.vfio4j.cli.peer.PeerListener;
import io.vfio4j.cli.peer.PeerOptions;
import io.vfio4j.cli.peer.RejectionLog;
import io.vfio4j.cli.peer.TransportAddressConverter;
import io.vfio4j.cli.recover.StateDirOption;
import io.vfio4j.cli.report.ReportJson;
import io.vfio4j.cli.report.ReportText;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.cli.watch.WatchOptions;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.model.DeviceIdentity;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "receive", description = {
    "Wait for vfio4j send, and let devices here go on from where they were there.",
    "A peer that only compares (send --dry-run) or asks who owns the devices of an earlier migration (recover --ask) gets "
        + "its answer; receive keeps waiting, as it does when a peer leaves, sends nothing or something else, or is refused "
        + "before a device is touched.",
    "Where a device's server does not keep it running, this command holds it open until SIGTERM or Ctrl-C."}, footer = {
        "", "Examples:", "  vfio4j receive --listen unix:/tmp/move.sock vfio-user:/tmp/b.sock",
        "  From another host, with TLS; vfio4j keys makes the keys:",
        "    vfio4j receive --listen tcp:host-b:4711 --keys keys vfio-user:/tmp/b.sock",
        "  Run a program that takes over as soon as the device runs:",
        "    vfio4j receive --listen unix:/tmp/move.sock vfio-user:/tmp/b.sock --then './attach \"$VFIO4J_DEVICE\"'"})
public final class ReceiveCommand implements Callable<Integer> {

  /** For ever, as far as a person is concerned. */
  private static final Duration NO_LIMIT = Duration.ofDays(3650);

  @Parameters(paramLabel = "DEVICE", arity = "1..*", converter = DeviceAddressConverter.class, description = "A device that receives a state, and loses its own: vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?...]. As many as vfio4j send moves, and in the same order.")
  private List<DeviceAddress> devices = new ArrayList<>();

  @Option(names = "--listen", paramLabel = "ADDR", required = true, converter = TransportAddressConverter.class, description = "Where to wait: unix:PATH (mode 0600) or tcp:HOST:PORT; port 0 lets the system choose.")
  private @Nullable TransportAddress listenAddress;

  @Option(names = "--timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "Give up if nobody connects for so long (default: never).")
  private Duration timeout = NO_LIMIT;

  @Option(names = "--arc-timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "Timeout for a call to a device; when it expires the device is treated as lost (default: 10s).")
  private @Nullable Duration arcTimeout;

  @Mixin
  private final RegionOptions regions = new RegionOptions();

  @Mixin
  private final HoldOptions holdOptions = new HoldOptions();

  @Mixin
  private final PeerOptions peerOptions = new PeerOptions();

  @Mixin
  private final StateDirOption stateDir = new StateDirOption();

  @Mixin
  private final WatchOptions watch = new WatchOptions();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    TransportAddress where = OptionValues.required(listenAddress, "--listen");
    PeerPolicy policy = peerOptions.policy(where, common.spec());
    Output output = common.output();
    StateDirectory state = stateDir.openForMigration(output);
    MigrationOptions options = options(state);
    try (MigrationMonitor watching = watch.start(common.spec(), output)) {
      return watching.run(() -> receive(where, policy, state, options, watching));
    }
  }

  private int receive(TransportAddress where, PeerPolicy policy, StateDirectory state,
      MigrationOptions options,
      MigrationMonitor watching) throws IOException, InterruptedException {
    Output output = common.output();
    try (OpenDevices targets = OpenDevices.open(DeviceAddress.withTimeout(options.timeouts(), devices),
        address -> address.open(output::warning));
        MappedMemory memory = regions.map(common.spec(), output::warning)) {
      targets.prepareAsTargets();
      TargetReport report;
      // It stays open for the further connections that a source with several devices makes.
      try (SignalInterrupt _ = SignalInterrupt.install();
          RejectionLog refusals = new RejectionLog(output);
          PeerListener listening = PeerListener.open(where, policy, refusals, output)) {
        report =
            new ReceiveLoop(targets, memory.regions(), options, state, watching, output).run(
                listening.listener(), timeout);
        // Before the listener ends: the devices run here, however that goes.
        watching.commitExitCode(ExitCodes.SUCCESS);
      }
      watching.onReceived(report);
      report(report, output);
      holdOptions.hold(targets, output);
    }
    return ExitCodes.SUCCESS;
  }

  private MigrationOptions options(StateDirectory state) {
    try {
      MigrationOptions options =
          MigrationOptions.defaults().withJournal(new AbsoluteAddressJournal(state))
              .withCodecs(LazyCodecs.INSTANCE);
      if (arcTimeout == null) {
        return options;
      }
      Termination.allowDeviceCalls(arcTimeout);
      return options.withArcTimeout(arcTimeout);
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(common.spec(), e);
    }
  }

  private static void report(TargetReport report, Output output) {
    ReportText.lines(report).forEach(output::line);
    output.result(ReportJson.of(report));
    if (!report.confirmationSent()) {
      output.warning(
          "vfio4j: the source could not be told that %s runs here, and waits for a decision: let go of it "
              .formatted(report.devices().stream().map(DeviceIdentity::name)
                  .collect(Collectors.joining(", ")))
              + "there (SIGTERM), and do not resume it");
    }
  }
}
