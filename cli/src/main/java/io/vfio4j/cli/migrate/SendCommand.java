// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.DeviceAddressConverter;
import io.vfio4j.cli.device.MappedMemory;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.peer.PeerEndpoint;
import io.vfio4j.cli.peer.PeerOptions;
import io.vfio4j.cli.peer.TransportAddressConverter;
import io.vfio4j.cli.recover.OwnershipResolver;
import io.vfio4j.cli.recover.StateDirOption;
import io.vfio4j.cli.report.ComparisonReport;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.migration.MigrationSource;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.PeerRefusedException;
import io.vfio4j.engine.transport.TransportAddress;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code send}. */
@Command(name = "send", description = {
    "Migrate the state of one or more devices to another host, where vfio4j receive waits.",
    "If the migration fails before the handover, the source keeps running with its state. Config space, interrupt setup and "
        + "DMA mappings are not migrated. The source devices are reset when they are closed; a VMM of a device that is moved "
        + "through its control socket is disconnected then."}, footer = {
            "", "Examples:", "  vfio4j send --connect unix:/tmp/move.sock vfio-user:/tmp/a.sock",
            "  To another host, with TLS (create the keys with vfio4j keys):",
            "    vfio4j send --connect tcp:host-b:4711 --keys keys vfio-user:/tmp/a.sock",
            "  Check whether a migration would be accepted; vfio4j receive keeps waiting:",
            "    vfio4j send --connect unix:/tmp/move.sock vfio-user:/tmp/a.sock --dry-run",
            "  A device that a VMM is using:",
            "    vfio4j send --connect tcp:host-b:4711 --keys keys control:/tmp/a.control",
            "  Through a tunnel, where the address differs from the name of the host:",
            "    vfio4j send --connect tcp:localhost:4711 --keys keys --peer host-b vfio-user:/tmp/a.sock"})
public final class SendCommand implements Callable<Integer> {

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  @Parameters(paramLabel = "DEVICE", arity = "1..*", converter = DeviceAddressConverter.class, description = "Source device: "
      + DeviceAddress.SYNTAX
      + ". Several devices migrate together, to the devices of vfio4j receive in the same order.")
  private List<DeviceAddress> devices = new ArrayList<>();

  @Option(names = "--connect", paramLabel = "ADDR", required = true, converter = TransportAddressConverter.class, description = "Address where vfio4j receive listens: unix:PATH or tcp:HOST:PORT.")
  private @Nullable TransportAddress peerAddress;

  @Option(names = "--timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "Timeout for connecting (default: 10s).")
  private Duration timeout = CONNECT_TIMEOUT;

  @Mixin
  private final SourceOptions sourceOptions = new SourceOptions();

  @Mixin
  private final CompressOption compress = new CompressOption();

  @Mixin
  private final DryRunOption dryRun = new DryRunOption();

  @Mixin
  private final NoHoldOption noHoldOption = new NoHoldOption();

  @Mixin
  private final PeerOptions peerOptions = new PeerOptions();

  @Mixin
  private final StateDirOption stateDir = new StateDirOption();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    TransportAddress address = OptionValues.required(peerAddress, "--connect");
    PeerEndpoint peer = new PeerEndpoint(address, peerOptions.policy(address, common.spec()));
    Output output = common.output();
    MigrationOptions options = compress.applyTo(sourceOptions.build(common.spec()), common.spec());
    if (dryRun.isEnabled()) {
      return compare(peer, options, output);
    }
    StateDirectory state = stateDir.openForMigration(output);
    try (MigrationMonitor monitor = sourceOptions.startMonitor(common.spec(), output)) {
      CommandContext context =
          new CommandContext(options.withJournal(new AbsoluteAddressJournal(state)), monitor, output);
      return monitor.run(() -> send(peer, state, context));
    }
  }

  private int send(PeerEndpoint peer, StateDirectory state, CommandContext context)
      throws IOException, InterruptedException {
    try (OpenDevices sources = sourceOptions.open(devices, context);
        MappedMemory memory = sourceOptions.mapMemory(common.spec(), context.output());
        WorkloadOptions.WorkloadHandle handle =
            sourceOptions.startWorkload(memory.regions(), common.spec())) {
      DeviceSet moved = sources.sourceSet();
      Connections connections = connect(peer, sources);
      PauseTrackingWorkload workload = new PauseTrackingWorkload(handle.workload());
      SourceRunner.SourceInputs source =
          new SourceRunner.SourceInputs(sources, workload, noHoldOption.isHoldingAllowed());
      SourceRunner.TargetInputs target = new SourceRunner.TargetInputs(
          PeerDescription.peer(peer.address(), peerOptions.arguments(), stateDir.arguments()),
          new OwnershipResolver(state, Optional.of(peer)));
      return new SourceRunner(context, source, target)
          .run(listener -> new MigrationSource(moved.withMemory(memory.regions()), connections,
              context.options(), workload, listener).run());
    }
  }

  private int compare(PeerEndpoint peer, MigrationOptions options, Output output) throws IOException {
    try (OpenDevices sources = sourceOptions.openToCompare(devices, output);
        MappedMemory memory = sourceOptions.mapMemory(common.spec(), output)) {
      DeviceSet devicesAndMemory = sources.deviceSet().withMemory(memory.regions());
      MigrationSource source = new MigrationSource(devicesAndMemory, connect(peer, sources), options,
          Workload.NONE, MigrationListener.NONE);
      return ComparisonReport.print(compare(source, peer.address()), output);
    }
  }

  private static Comparison compare(MigrationSource source, TransportAddress peer) throws IOException {
    try {
      return source.compare(OpenDevice::mayHoldStaleState);
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      throw new CommandException(ExitCodes.FAILURE,
          "comparing with %s failed: %s\n  no device was touched".formatted(peer, ErrorMessages.describe(e)),
          e);
    }
  }

  private Connections connect(PeerEndpoint peer, OpenDevices sources) throws IOException {
    try {
      return Connections.connectWithRetry(peer.address(), peer.policy(), timeout);
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      throw connectFailure(peer.address(), sources, e);
    }
  }

  private static CommandException connectFailure(TransportAddress peer, OpenDevices sources, IOException e) {
    String advice = e instanceof PeerRefusedException ? ""
        : switch (peer) {
          case TransportAddress.Unix _ -> "\n  check that vfio4j receive is waiting at " + peer;
          case TransportAddress.Tcp _ ->
            "\n  check that vfio4j receive is waiting at %s and that the network permits the connection"
                .formatted(peer);
        };
    return new CommandException(ExitCodes.FAILURE, "%s\n  nothing was sent; not touched: %s%s"
        .formatted(ErrorMessages.describe(e), sources.names(), advice), e);
  }
}
