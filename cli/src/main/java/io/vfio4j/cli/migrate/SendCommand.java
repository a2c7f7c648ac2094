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
import io.vfio4j.cli.device.RegionOptions;
import io.vfio4j.cli.device.ResetOption;
import io.vfio4j.cli.peer.PeerEndpoint;
import io.vfio4j.cli.peer.PeerOptions;
import io.vfio4j.cli.peer.TransportAddressConverter;
import io.vfio4j.cli.recover.OwnershipResolver;
import io.vfio4j.cli.recover.StateDirOption;
import io.vfio4j.cli.report.DryRunOption;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.cli.watch.WatchOptions;
import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.migration.MigrationSource;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.PeerPolicy;
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

@Command(name = "send", description = {
    "Move the state of one or several devices to another host, where vfio4j receive waits for it.",
    "A failure before the handover leaves the source running with nothing lost. Not carried are config space, "
        + "interrupt setup and DMA mappings. The source's devices are reset when they are let go of."}, footer = {
            "", "Examples:", "  vfio4j send --connect unix:/tmp/move.sock vfio-user:/tmp/a.sock",
            "  To another host, with TLS; vfio4j keys makes the keys:",
            "    vfio4j send --connect tcp:host-b:4711 --keys keys vfio-user:/tmp/a.sock",
            "  Only tell whether it would go; vfio4j receive goes on waiting:",
            "    vfio4j send --connect unix:/tmp/move.sock vfio-user:/tmp/a.sock --dry-run",
            "  Through a tunnel, where the address is not the host's name:",
            "    vfio4j send --connect tcp:localhost:4711 --keys keys --peer host-b vfio-user:/tmp/a.sock"})
public final class SendCommand implements Callable<Integer> {

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  @Parameters(paramLabel = "DEVICE", arity = "1..*", converter = DeviceAddressConverter.class, description = "A device that leaves: vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?memory=SIZE&...]. Several move together, to the devices of vfio4j receive in the same order.")
  private List<DeviceAddress> devices = new ArrayList<>();

  @Option(names = "--connect", paramLabel = "ADDR", required = true, converter = TransportAddressConverter.class, description = "Where vfio4j receive listens: unix:PATH or tcp:HOST:PORT.")
  private @Nullable TransportAddress peerAddress;

  @Mixin
  private final RegionOptions regions = new RegionOptions();

  @Mixin
  private final WorkloadOptions workloadOptions = new WorkloadOptions();

  @Mixin
  private final SourceOptions sourceOptions = new SourceOptions();

  @Mixin
  private final CompressOption compress = new CompressOption();

  @Option(names = "--timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "How long to wait for the connection (default: 10s).")
  private Duration timeout = CONNECT_TIMEOUT;

  @Mixin
  private final ResetOption reset = new ResetOption();

  @Mixin
  private final DryRunOption dryRun = new DryRunOption();

  @Mixin
  private final NoHoldOption noHoldOption = new NoHoldOption();

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
    TransportAddress peer = OptionValues.required(peerAddress, "--connect");
    PeerPolicy policy = peerOptions.policy(peer, common.spec());
    Output output = common.output();
    if (dryRun.isEnabled()) {
      return compare(peer, policy, output);
    }
    StateDirectory state = stateDir.openForMigration(output);
    MigrationOptions options =
        compress.applyTo(sourceOptions.build(common.spec()), common.spec())
            .withJournal(new AbsoluteAddressJournal(state));
    try (MigrationMonitor watching = watch.start(common.spec(), output)) {
      return watching.run(() -> send(peer, policy, state, options, watching));
    }
  }

  private int send(TransportAddress peer, PeerPolicy policy, StateDirectory state, MigrationOptions options,
      MigrationMonitor watching) throws IOException, InterruptedException {
    Output output = common.output();
    try (OpenDevices sources =
        OpenDevices.open(DeviceAddress.withTimeout(options.timeouts(), devices),
            address -> address.openSource(reset.isAllowed(), output::warning));
        MappedMemory memory = regions.map(common.spec(), output::warning);
        WorkloadOptions.WorkloadHandle workload = workloadOptions.start(memory.regions(), common.spec())) {
      Connections connections = connect(peer, policy, sources);
      OwnershipResolver oracle = new OwnershipResolver(state, Optional.of(new PeerEndpoint(peer, policy)));
      PeerDescription other =
          PeerDescription.peer(peer, peerOptions.arguments(), stateDir.arguments());
      PauseTrackingWorkload paused = new PauseTrackingWorkload(workload.workload());
      return new SourceRunner(sources, paused, other, noHoldOption.isHoldingAllowed(), oracle, watching,
          output)
          .run(listener -> new MigrationSource(sources.deviceSet().withMemory(memory.regions()), connections,
              options,
              paused, listener).run());
    }
  }

  private int compare(TransportAddress peer, PeerPolicy policy, Output output) throws IOException {
    MigrationOptions options = compress.applyTo(sourceOptions.build(common.spec()), common.spec());
    try (OpenDevices sources = OpenDevices.open(devices, address -> reset.openToCompare(address, output));
        MappedMemory memory = regions.map(common.spec(), output::warning)) {
      DeviceSet source = sources.deviceSet().withMemory(memory.regions());
      Connections connections = connect(peer, policy, sources);
      return DryRunOption.report(compare(new MigrationSource(source, connections, options, Workload.NONE,
          MigrationListener.NONE), peer), output);
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

  private Connections connect(TransportAddress peer, PeerPolicy policy, OpenDevices sources)
      throws IOException {
    try {
      return Connections.connectWithRetry(peer, policy, timeout);
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      throw connectFailure(peer, sources, e);
    }
  }

  private static CommandException connectFailure(TransportAddress peer, OpenDevices sources, IOException e) {
    String advice = e instanceof PeerRefusedException ? ""
        : switch (peer) {
          case TransportAddress.Unix _ -> "\n  check that receive waits at " + peer;
          case TransportAddress.Tcp _ ->
            "\n  check that receive waits at %s, and that the network lets connections "
                .formatted(peer) + "through to it";
        };
    return new CommandException(ExitCodes.FAILURE, "%s\n  nothing was sent, and not touched: %s%s"
        .formatted(ErrorMessages.describe(e), sources.names(), advice), e);
  }
}
