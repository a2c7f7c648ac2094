// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.cli.watch.WatchOptions;
import io.vfio4j.cli.watch.Watching;
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
final class ReceiveCommand implements Callable<Integer> {

  /** For ever, as far as a person is concerned. */
  private static final Duration NO_LIMIT = Duration.ofDays(3650);

  @Parameters(paramLabel = "DEVICE", arity = "1..*", converter = DeviceAddressConverter.class, description = "A device that receives a state, and loses its own: vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?...]. As many as vfio4j send moves, and in the same order.")
  private List<DeviceAddress> devices = new ArrayList<>();

  @Option(names = "--listen", paramLabel = "ADDR", required = true, converter = TransportAddressConverter.class, description = "Where to wait: unix:PATH (mode 0600) or tcp:HOST:PORT; port 0 lets the system choose.")
  private @Nullable TransportAddress address;

  @Option(names = "--timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "Give up if nobody connects for so long (default: never).")
  private Duration timeout = NO_LIMIT;

  @Option(names = "--arc-timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "Timeout for a call to a device; when it expires the device is treated as lost (default: 10s).")
  private @Nullable Duration arcTimeout;

  @Mixin
  private final RegionOptions regions = new RegionOptions();

  @Mixin
  private final Holding holding = new Holding();

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
    TransportAddress where = Options.required(address, "--listen");
    PeerPolicy policy = peerOptions.policy(where, common.spec());
    Output output = common.output();
    StateDirectory state = stateDir.openForMigration(output);
    MigrationOptions options = options(state);
    try (Watching watching = watch.start(common.spec(), output)) {
      return watching.tellingOf(() -> receive(where, policy, state, options, watching));
    }
  }

  private int receive(TransportAddress where, PeerPolicy policy, StateDirectory state,
      MigrationOptions options,
      Watching watching) throws IOException, InterruptedException {
    Output output = common.output();
    try (OpenDevices targets = OpenDevices.open(DeviceAddress.within(options.timeouts(), devices),
        address -> address.open(output::warning));
        MappedMemory memory = regions.map(common.spec(), output::warning)) {
      targets.prepareAsTargets();
      TargetReport report;
      // It stays open for the further connections that a source with several devices makes.
      try (Interrupting _ = Interrupting.onSignal();
          Refusals refusals = new Refusals(output);
          Listening listening = Listening.at(where, policy, refusals, output)) {
        report =
            new Reception(targets, memory.regions(), options, state, watching, output).run(
                listening.listener(), timeout);
        // Before the listener ends: the devices run here, however that goes.
        watching.settle(ExitCodes.DONE);
      }
      watching.received(report);
      tell(report, output);
      holding.keep(targets, output);
    }
    return ExitCodes.DONE;
  }

  private MigrationOptions options(StateDirectory state) {
    try {
      MigrationOptions options =
          MigrationOptions.defaults().withJournal(new AddressedJournal(state))
              .withCodecs(LaterCodecs.INSTANCE);
      if (arcTimeout == null) {
        return options;
      }
      Termination.allowCalls(arcTimeout);
      return options.withArcTimeout(arcTimeout);
    } catch (IllegalArgumentException e) {
      throw Options.wrong(common.spec(), e);
    }
  }

  private static void tell(TargetReport report, Output output) {
    ReportWords.lines(report).forEach(output::line);
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
