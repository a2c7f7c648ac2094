// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.AcceptResult;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.OwnershipResponder;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.ownership.FailureOrigin;
import io.vfio4j.engine.preflight.MigrationContext;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.stream.StreamException;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.util.NanoClock;
import io.vfio4j.engine.util.RefusedException;
import java.io.InterruptedIOException;
import java.util.Optional;

/** The target's side of a migration. An interrupt of the thread that runs it cancels it. */
public final class MigrationTarget {

  private final DeviceSet deviceSet;
  private final Connections connections;
  private final MigrationOptions options;
  private final MigrationListener listener;
  private final NanoClock clock;

  /**
   * Creates a target; {@link #run} or {@link #serve} starts it.
   *
   * @param deviceSet the devices that receive the state, in RUNNING; they are not closed. While the migration
   *     runs, one thread at a time makes calls to each
   * @param connections the connections to the source; they are closed at the end
   * @param options the journal, the codecs, the stall timeout and the timeout for device calls are used
   * @param listener receives the events, one at a time, in the thread in which they occur
   */
  public MigrationTarget(DeviceSet deviceSet, Connections connections, MigrationOptions options,
      MigrationListener listener) {
    this(deviceSet, connections, options, listener, NanoClock.SYSTEM);
  }

  MigrationTarget(DeviceSet deviceSet, Connections connections, MigrationOptions options,
      MigrationListener listener, NanoClock clock) {
    this.deviceSet = deviceSet;
    this.connections = connections;
    this.options = options;
    this.listener = listener;
    this.clock = clock;
  }

  /**
   * Receives the devices. Call it once.
   *
   * @return the report; the devices run here
   * @throws MigrationException if it failed: then no device runs with the source's state, or the message says
   *     that this is unknown; also if the source only requested a comparison, which it has received
   */
  public TargetReport run() throws MigrationException {
    if (serve(Optional.empty()) instanceof AcceptResult.Migration(TargetReport report)) {
      return report;
    }
    throw new MigrationException(Side.TARGET, new Phase.PreFlight(),
        MigrationException.Outcomes.of(Outcome.UNTOUCHED, "nothing was touched"),
        "pre-flight: the source only requested a comparison. Nothing was touched",
        null);
  }

  /**
   * Serves one peer: receives devices, or answers a comparison or an ownership query. Call it once; another
   * instance may then serve the next peer with the same devices.
   *
   * @param oracle answers ownership queries
   * @return what the peer requested, and the result
   * @throws MigrationException as {@link #run}; but not if a query fails, nor if a migration ends before a
   *     device is touched because of the source or the connection
   */
  public AcceptResult serve(OwnershipResponder oracle) throws MigrationException {
    try {
      return serve(Optional.of(oracle));
    } catch (MigrationException e) {
      if (isPeerFailure(e)) {
        return new AcceptResult.Rejection(e);
      }
      throw e;
    }
  }

  private static boolean isPeerFailure(MigrationException failure) {
    Throwable cause = failure.getCause();
    return failure.outcome() == Outcome.UNTOUCHED && cause != null && switch (cause) {
      case RefusedException _, StreamException _ -> true;
      case InterruptedIOException _ -> false;
      default -> FailureOrigin.of(cause) != FailureOrigin.HERE;
    };
  }

  private AcceptResult serve(Optional<OwnershipResponder> oracle) throws MigrationException {
    PhaseTracker tracker = new PhaseTracker(Side.TARGET, clock, listener);
    try (
        MigrationContext context =
            MigrationContext.open(deviceSet, connections, options, Workload.NONE, tracker);
        TargetRun run = new TargetRun(context)) {
      return run.serve(oracle);
    }
  }
}
