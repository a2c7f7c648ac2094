// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.SignalInterrupt;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.DeviceAddressConverter;
import io.vfio4j.cli.device.MappedMemory;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.peer.PeerEndpoint;
import io.vfio4j.cli.peer.PeerListener;
import io.vfio4j.cli.peer.PeerOptions;
import io.vfio4j.cli.peer.RejectionLog;
import io.vfio4j.cli.peer.TransportAddressConverter;
import io.vfio4j.cli.recover.StateDirOption;
import io.vfio4j.cli.report.ReportJson;
import io.vfio4j.cli.report.ReportText;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.journal.StateDirectory;
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

/** The command {@code receive}. */
@Command(name = "receive", description = {
    "Receive the state of devices from vfio4j send, and run the devices here.",
    "A peer that only compares (send --dry-run) or queries ownership (recover --ask) gets its answer; receive keeps waiting, "
        + "as it does when a peer disconnects, sends invalid data, or is refused before a device is touched.",
    "If a server does not keep its device running, this command holds it open until SIGTERM or Ctrl-C."}, footer = {
        "", "Examples:", "  vfio4j receive --listen unix:/tmp/move.sock vfio-user:/tmp/b.sock",
        "  From another host, with TLS (create the keys with vfio4j keys):",
        "    vfio4j receive --listen tcp:host-b:4711 --keys keys vfio-user:/tmp/b.sock",
        "  Run a program that takes over the device as soon as it runs:",
        "    vfio4j receive --listen unix:/tmp/move.sock vfio-user:/tmp/b.sock --then './attach \"$VFIO4J_DEVICE\"'"})
public final class ReceiveCommand implements Callable<Integer> {

  /** No limit, in practice. */
  private static final Duration NO_LIMIT = Duration.ofDays(3650);

  @Parameters(paramLabel = "DEVICE", arity = "1..*", converter = DeviceAddressConverter.class, description = "Target device, which loses its own state: "
      + DeviceAddress.SYNTAX + ". One for each device of vfio4j send, in the same order.")
  private List<DeviceAddress> devices = new ArrayList<>();

  @Option(names = "--listen", paramLabel = "ADDR", required = true, converter = TransportAddressConverter.class, description = "Address to listen on: unix:PATH (mode 0600) or tcp:HOST:PORT; port 0 selects a free one.")
  private @Nullable TransportAddress listenAddress;

  @Option(names = "--timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "Fail if no peer connects within TIME (default: no timeout).")
  private Duration timeout = NO_LIMIT;

  @Mixin
  private final TargetOptions targetOptions = new TargetOptions();

  @Mixin
  private final PeerOptions peerOptions = new PeerOptions();

  @Mixin
  private final StateDirOption stateDir = new StateDirOption();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    TransportAddress address = OptionValues.required(listenAddress, "--listen");
    PeerEndpoint endpoint = new PeerEndpoint(address, peerOptions.policy(address, common.spec()));
    Output output = common.output();
    StateDirectory state = stateDir.openForMigration(output);
    MigrationOptions options =
        targetOptions.build(common.spec()).withJournal(new AbsoluteAddressJournal(state));
    try (MigrationMonitor monitor = targetOptions.startMonitor(common.spec(), output)) {
      CommandContext context = new CommandContext(options, monitor, output);
      return monitor.run(() -> receive(endpoint, state, context));
    }
  }

  private int receive(PeerEndpoint endpoint, StateDirectory state, CommandContext context)
      throws IOException, InterruptedException {
    Output output = context.output();
    try (OpenDevices targets = targetOptions.open(devices, context);
        MappedMemory memory = targetOptions.mapMemory(common.spec(), output)) {
      targets.prepareAsTargets();
      TargetReport report;
      // The listener stays open for the additional connections of a source with several devices.
      try (SignalInterrupt _ = SignalInterrupt.install();
          RejectionLog rejections = new RejectionLog(output);
          PeerListener listener =
              PeerListener.open(endpoint.address(), endpoint.policy(), rejections, output)) {
        report = new ReceiveLoop(context, targets, memory.regions(), state).run(listener.listener(), timeout);
        // Before the listener closes: the devices run here, whether that succeeds or not.
        context.monitor().commitExitCode(ExitCodes.SUCCESS);
      }
      context.monitor().onReceived(report);
      print(report, output);
      targetOptions.hold(targets, output);
    }
    return ExitCodes.SUCCESS;
  }

  private static void print(TargetReport report, Output output) {
    ReportText.lines(report).forEach(output::line);
    output.result(ReportJson.of(report));
    if (!report.confirmationSent()) {
      output.warning(
          "the source could not be notified that %s runs here, and may be waiting for a decision: end its command "
              .formatted(
                  report.devices().stream().map(DeviceIdentity::name).collect(Collectors.joining(", ")))
              + "with SIGTERM; do not resume the devices there");
    }
  }
}
