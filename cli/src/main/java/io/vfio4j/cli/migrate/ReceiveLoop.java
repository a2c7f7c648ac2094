// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.peer.OwnershipAnswerReporter;
import io.vfio4j.cli.report.MigrationProgress;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.engine.AcceptResult;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.OwnershipResponder;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.migration.MigrationTarget;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.TransportListener;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Serves the peers that connect to a target, one after the other, until one has moved devices here. Whatever ends before a
 * device is touched does not end it.
 */
final class ReceiveLoop {

  private final OpenDevices targets;
  private final MemoryRegions memory;
  private final MigrationOptions options;
  private final OwnershipResponder ownershipOracle;
  private final MigrationMonitor monitor;
  private final Output output;

  ReceiveLoop(OpenDevices targets, MemoryRegions memory, MigrationOptions options,
      OwnershipResponder oracle, MigrationMonitor watching, Output output) {
    this.targets = targets;
    this.memory = memory;
    this.options = options;
    this.ownershipOracle = oracle;
    this.monitor = watching;
    this.output = output;
  }

  /**
   * Waits and serves.
   *
   * @param timeout how long to wait for each who connects
   * @throws CommandException if a migration failed after it had begun, or one can no longer be received
   * @throws IOException if nobody connects in time, or the wait is interrupted
   */
  TargetReport run(TransportListener listener, Duration timeout) throws IOException {
    output.line("listening on " + listener.address());
    output.result(Json.event("listening").with("address", listener.address().toString())
        .with("devices", targets.list().stream().map(OpenDevice::name).toList()).build());
    while (true) {
      Connections connections = Connections.acceptOpened(listener, timeout);
      String peer = connections.control().peer();
      switch (serve(connections, peer)) {
        case AcceptResult.Migration(TargetReport report) -> {
          return report;
        }
        case AcceptResult.DryRun(String program) -> {
          output.line("compared for %s; goes on waiting".formatted(peer));
          output.event(Json.event("compared").with("peer", peer).with("program", program).build());
        }
        case AcceptResult.Query asked -> OwnershipAnswerReporter.report(peer, asked, output);
        case AcceptResult.Refusal(MigrationException reason) -> {
          output.warning(
              "vfio4j: %s was refused: %s; waiting for the next one".formatted(peer, reason.getMessage()));
          output.event(Json.event("refused").with("peer", peer).with("reason", "pre_flight")
              .with("message", reason.getMessage()).build());
        }
        case AcceptResult.Failure(String reason) ->
          output.warning("vfio4j: %s was not answered: %s".formatted(peer, reason));
      }
    }
  }

  private AcceptResult serve(Connections connections, String peer) throws CommandException {
    try (MigrationProgress progress = new MigrationProgress(output, Side.TARGET, OptionalLong.empty())) {
      return serve(connections, new PreFlightEventBuffer(monitor.notifyAfter(progress)));
    } catch (MigrationException e) {
      throw monitor.onFailed(e,
          MigrationFailureReport.of(e, targets.list().stream().map(OpenDevice::name).toList(),
              PeerDescription.named(peer)));
    }
  }

  private AcceptResult serve(Connections connections, PreFlightEventBuffer events) throws MigrationException {
    try {
      return new MigrationTarget(targets.deviceSet().withMemory(memory), connections, options, events)
          .serve(ownershipOracle);
    } catch (MigrationException e) {
      events.release(); // It is the one that failed.
      throw e;
    }
  }
}
