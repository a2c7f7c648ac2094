// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.cli.watch.WatchOptions;
import io.vfio4j.cli.watch.Watching;
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
final class SendCommand implements Callable<Integer> {

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  @Parameters(paramLabel = "DEVICE", arity = "1..*", converter = DeviceAddressConverter.class, description = "A device that leaves: vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?memory=SIZE&...]. Several move together, to the devices of vfio4j receive in the same order.")
  private List<DeviceAddress> devices = new ArrayList<>();

  @Option(names = "--connect", paramLabel = "ADDR", required = true, converter = TransportAddressConverter.class, description = "Where vfio4j receive listens: unix:PATH or tcp:HOST:PORT.")
  private @Nullable TransportAddress address;

  @Mixin
  private final RegionOptions regions = new RegionOptions();

  @Mixin
  private final WorkloadOptions workloads = new WorkloadOptions();

  @Mixin
  private final MigrationFlags flags = new MigrationFlags();

  @Mixin
  private final CompressOption compress = new CompressOption();

  @Option(names = "--timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "How long to wait for the connection (default: 10s).")
  private Duration timeout = CONNECT_TIMEOUT;

  @Mixin
  private final ResetOption reset = new ResetOption();

  @Mixin
  private final DryRun dryRun = new DryRun();

  @Mixin
  private final NoHold noHold = new NoHold();

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
    TransportAddress peer = Options.required(address, "--connect");
    PeerPolicy policy = peerOptions.policy(peer, common.spec());
    Output output = common.output();
    if (dryRun.isWanted()) {
      return compare(peer, policy, output);
    }
    StateDirectory state = stateDir.openForMigration(output);
    MigrationOptions options =
        compress.in(flags.options(common.spec()), common.spec()).withJournal(new AddressedJournal(state));
    try (Watching watching = watch.start(common.spec(), output)) {
      return watching.tellingOf(() -> send(peer, policy, state, options, watching));
    }
  }

  private int send(TransportAddress peer, PeerPolicy policy, StateDirectory state, MigrationOptions options,
      Watching watching) throws IOException, InterruptedException {
    Output output = common.output();
    try (OpenDevices sources =
        OpenDevices.open(DeviceAddress.within(options.timeouts(), devices),
            address -> address.openSource(reset.isAllowed(), output::warning));
        MappedMemory memory = regions.map(common.spec(), output::warning);
        WorkloadOptions.Running workload = workloads.start(memory.regions(), common.spec())) {
      Connections connections = connect(peer, policy, sources);
      TargetOracle oracle = new TargetOracle(state, Optional.of(new KnownPeer(peer, policy)));
      OtherSide other =
          OtherSide.peer(peer, peerOptions.arguments(), stateDir.arguments());
      PausedWorkload paused = new PausedWorkload(workload.workload());
      return new SourceSide(sources, paused, other, noHold.isHoldingAllowed(), oracle, watching, output)
          .run(listener -> new MigrationSource(sources.ensemble().withMemory(memory.regions()), connections,
              options,
              paused, listener).run());
    }
  }

  private int compare(TransportAddress peer, PeerPolicy policy, Output output) throws IOException {
    MigrationOptions options = compress.in(flags.options(common.spec()), common.spec());
    try (OpenDevices sources = OpenDevices.open(devices, address -> reset.openToCompare(address, output));
        MappedMemory memory = regions.map(common.spec(), output::warning)) {
      DeviceSet source = sources.ensemble().withMemory(memory.regions());
      Connections connections = connect(peer, policy, sources);
      return DryRun.tell(compare(new MigrationSource(source, connections, options, Workload.NONE,
          MigrationListener.NONE), peer), output);
    }
  }

  private static Comparison compare(MigrationSource source, TransportAddress peer) throws IOException {
    try {
      return source.compare(OpenDevice::isLeftBehind);
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      throw new CommandFailure(ExitCodes.NOT_DONE,
          "comparing with %s failed: %s\n  no device was touched".formatted(peer, Failures.words(e)), e);
    }
  }

  private Connections connect(TransportAddress peer, PeerPolicy policy, OpenDevices sources)
      throws IOException {
    try {
      return Connections.connectWithRetry(peer, policy, timeout);
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      throw notConnected(peer, sources, e);
    }
  }

  private static CommandFailure notConnected(TransportAddress peer, OpenDevices sources, IOException e) {
    String advice = e instanceof PeerRefusedException ? ""
        : switch (peer) {
          case TransportAddress.Unix _ -> "\n  check that receive waits at " + peer;
          case TransportAddress.Tcp _ ->
            "\n  check that receive waits at %s, and that the network lets connections "
                .formatted(peer) + "through to it";
        };
    return new CommandFailure(ExitCodes.NOT_DONE, "%s\n  nothing was sent, and not touched: %s%s"
        .formatted(Failures.words(e), sources.names(), advice), e);
  }
}
