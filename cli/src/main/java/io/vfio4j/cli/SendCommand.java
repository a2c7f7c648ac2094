// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.Connections;
import io.vfio4j.engine.Ensemble;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationSource;
import io.vfio4j.engine.TransportAddress;
import io.vfio4j.engine.Workload;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "send", description = {
    "Move a device's state to another host, where vfio4j receive waits for it.",
    "A failure before the handover leaves the source running with nothing lost. Not carried are config space, "
        + "interrupt setup and DMA mappings. The source's device is reset when it is let go of."}, footer = {
            "", "Examples:", "  vfio4j send --connect unix:/tmp/move.sock vfio-user:/tmp/a.sock",
            "  Through an SSH tunnel to another host (the stream itself is not encrypted):",
            "    ssh -L 4711:localhost:4711 other-host &",
            "    vfio4j send --connect tcp:localhost:4711 vfio-user:/tmp/a.sock"})
final class SendCommand implements Callable<Integer> {

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  @Parameters(paramLabel = "DEVICE", converter = DeviceAddressConverter.class, description = "The device that leaves: vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?memory=SIZE&...].")
  private @Nullable DeviceAddress device;

  @Option(names = "--connect", paramLabel = "ADDR", required = true, converter = TransportAddressConverter.class, description = "Where vfio4j receive listens: unix:PATH or tcp:HOST:PORT.")
  private @Nullable TransportAddress address;

  @Mixin
  private final MigrationFlags flags = new MigrationFlags();

  @Option(names = "--timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "How long to wait for the connection (default: 10s).")
  private Duration timeout = CONNECT_TIMEOUT;

  @Mixin
  private final ResetOption reset = new ResetOption();

  @Mixin
  private final NoHold noHold = new NoHold();

  @Mixin
  private final Insecure insecure = new Insecure();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    TransportAddress peer = insecure.allowed(Options.required(address, "--connect"), common.spec());
    MigrationOptions options = flags.options(common.spec());
    Output output = common.output();
    try (OpenDevice source = Options.required(device, "DEVICE")
        .openSource(reset.isAllowed(), output::warning)) {
      Connections connections = connect(peer);
      new SourceSide(source, peer.toString(), noHold.isHoldingAllowed(), output).run(
          listener -> new MigrationSource(Ensemble.of(source.device()), connections, options, Workload.NONE,
              listener)
              .run());
    }
    return ExitCodes.DONE;
  }

  private Connections connect(TransportAddress peer) throws IOException {
    try (Interrupting _ = Interrupting.onSignal()) {
      return Connections.connect(peer, timeout);
    }
  }
}
