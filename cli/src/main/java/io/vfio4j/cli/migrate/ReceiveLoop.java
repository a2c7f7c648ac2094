// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.peer.OwnershipAnswerReporter;
import io.vfio4j.cli.report.MigrationProgress;
import io.vfio4j.engine.AcceptResult;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.OwnershipResponder;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.migration.MigrationTarget;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.TransportListener;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;

/**
 * Serves the peers that connect to a target, one at a time, until one has migrated devices here. A peer that fails before a
 * device is touched does not end the loop.
 */
final class ReceiveLoop {

  private final CommandContext context;
  private final OpenDevices targets;
  private final MemoryRegions memory;
  private final OwnershipResponder responder;

  ReceiveLoop(CommandContext context, OpenDevices targets, MemoryRegions memory,
      OwnershipResponder responder) {
    this.context = context;
    this.targets = targets;
    this.memory = memory;
    this.responder = responder;
  }

  /**
   * Waits for peers and serves them.
   *
   * @param timeout how long to wait for each connection
   * @throws CommandException if a migration failed after it had begun, or no further one can be received
   * @throws IOException if no peer connects in time, or the wait is interrupted
   */
  TargetReport run(TransportListener listener, Duration timeout) throws IOException {
    Output output = context.output();
    output.line("listening on " + listener.address());
    output.result(Json.event("listening").with("address", listener.address().toString())
        .with("devices", names()).build());
    while (true) {
      Connections connections = Connections.acceptOpened(listener, timeout);
      String peer = connections.control().peer();
      switch (serve(connections, peer)) {
        case AcceptResult.Migration(TargetReport report) -> {
          return report;
        }
        case AcceptResult.DryRun(String program) -> {
          output.line("answered the dry run of %s; still waiting".formatted(peer));
          output.event(Json.event("compared").with("peer", peer).with("program", program).build());
        }
        case AcceptResult.Query query -> OwnershipAnswerReporter.report(peer, query, output);
        case AcceptResult.Rejection(MigrationException reason) -> {
          output.warning("refused %s: %s; still waiting".formatted(peer, reason.getMessage()));
          output.event(Json.event("refused").with("peer", peer).with("reason", "pre_flight")
              .with("message", reason.getMessage()).build());
        }
        case AcceptResult.Failure(String reason) ->
          output.warning("could not answer %s: %s".formatted(peer, reason));
      }
    }
  }

  private List<String> names() {
    return targets.list().stream().map(OpenDevice::name).toList();
  }

  private AcceptResult serve(Connections connections, String peer) throws CommandException {
    try (MigrationProgress progress =
        new MigrationProgress(context.output(), Side.TARGET, OptionalLong.empty())) {
      return serve(connections, new PreFlightEventBuffer(context.monitor().notifyAfter(progress)));
    } catch (MigrationException e) {
      throw context.monitor().onFailed(e,
          MigrationFailureReport.of(e, names(), PeerDescription.named(peer)));
    }
  }

  private AcceptResult serve(Connections connections, PreFlightEventBuffer events) throws MigrationException {
    try {
      return new MigrationTarget(targets.deviceSet().withMemory(memory), connections, context.options(),
          events).serve(responder);
    } catch (MigrationException e) {
      events.release(); // The events belong to the failed migration.
      throw e;
    }
  }
}
