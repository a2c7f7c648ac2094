// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.Connections;
import io.vfio4j.engine.Ensemble;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationTarget;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.TransportAddress;
import io.vfio4j.engine.TransportListener;
import io.vfio4j.model.DeviceIdentity;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "receive", description = {
    "Wait for vfio4j send, and let a device here go on from where it was there.",
    "Where the device's server does not keep it running, this command holds it open until SIGTERM or Ctrl-C."}, footer = {
        "", "Examples:", "  vfio4j receive --listen unix:/tmp/move.sock vfio-user:/tmp/b.sock",
        "  On a port of this machine alone, which an SSH tunnel may lead to:",
        "    vfio4j receive --listen tcp:localhost:4711 vfio-user:/tmp/b.sock",
        "  Run a program that takes over as soon as the device runs:",
        "    vfio4j receive --listen tcp:localhost:4711 vfio-user:/tmp/b.sock --then './attach \"$VFIO4J_DEVICE\"'"})
final class ReceiveCommand implements Callable<Integer> {

  /** For ever, as far as a person is concerned. */
  private static final Duration NO_LIMIT = Duration.ofDays(3650);

  @Parameters(paramLabel = "DEVICE", converter = DeviceAddressConverter.class, description = "The device that receives the state, and loses its own: vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?...].")
  private @Nullable DeviceAddress device;

  @Option(names = "--listen", paramLabel = "ADDR", required = true, converter = TransportAddressConverter.class, description = "Where to wait: unix:PATH (mode 0600) or tcp:HOST:PORT; port 0 lets the system choose.")
  private @Nullable TransportAddress address;

  @Option(names = "--timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "Give up if nobody connects for so long (default: never).")
  private Duration timeout = NO_LIMIT;

  @Mixin
  private final Holding holding = new Holding();

  @Mixin
  private final Insecure insecure = new Insecure();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    TransportAddress where = insecure.allowed(Options.required(address, "--listen"), common.spec());
    Output output = common.output();
    try (OpenDevice target = Options.required(device, "DEVICE").open(output::warning)) {
      target.prepareAsTarget();
      TargetReport report;
      // It stays open for the further connections that a source with several devices makes.
      try (Interrupting _ = Interrupting.onSignal();
          TransportListener listener = TransportListener.open(where)) {
        report = receive(accept(listener, target, output), target, output);
      }
      tell(report, output);
      holding.keep(target, output);
    }
    return ExitCodes.DONE;
  }

  private Connections accept(TransportListener listener, OpenDevice target, Output output)
      throws IOException {
    output.line("listening on " + listener.address());
    output.result(Json.event("listening").with("address", listener.address().toString())
        .with("device", target.name()).build());
    return Connections.accept(listener, timeout);
  }

  private static TargetReport receive(Connections connections, OpenDevice target, Output output)
      throws CommandFailure {
    String peer = connections.control().peer();
    try (MigrationProgress progress = new MigrationProgress(output, Side.TARGET, OptionalLong.empty())) {
      return new MigrationTarget(Ensemble.of(target.device()), connections, MigrationOptions.defaults(),
          progress).run();
    } catch (MigrationException e) {
      throw FailedMigration.of(e, target.name(), peer);
    }
  }

  private static void tell(TargetReport report, Output output) {
    ReportWords.lines(report).forEach(output::line);
    output.result(ReportJson.of(report));
    if (!report.sourceKnows()) {
      output.warning(
          "vfio4j: the source could not be told that %s runs here, and waits for a decision: let go of it "
              .formatted(report.devices().stream().map(DeviceIdentity::name)
                  .collect(Collectors.joining(", ")))
              + "there (SIGTERM), and do not resume it");
    }
  }
}
