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
import java.util.List;
import java.util.Optional;

/** The target's side of a migration. An interrupt of the thread that runs it cancels it. */
public final class MigrationTarget {

  private final DeviceSet deviceSet;
  private final Connections connections;
  private final MigrationOptions options;
  private final MigrationListener listener;
  private final NanoClock clock;

  /**
   * Makes a target; nothing happens before {@link #run}.
   *
   * @param deviceSet the devices that receive the state, in RUNNING; they are not closed. Each is driven by one thread
   *     at a time while the migration runs
   * @param connections the way to the source; {@link #run} closes it
   * @param options of these, the journal, the codecs and the patience for the source and for calls that move devices are used
   * @param listener hears what happens, one event at a time, in whichever thread it happens
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
   * Receives the devices. To be called once.
   *
   * @return what was done; the devices run here
   * @throws MigrationException if it failed; no device runs with the source's state, or the text says that nobody
   *     can tell. So it is too if the source only wanted to compare, and was answered
   */
  public TargetReport run() throws MigrationException {
    if (serve(Optional.empty()) instanceof AcceptResult.Migration(TargetReport report)) {
      return report;
    }
    throw new MigrationException(Side.TARGET, new Phase.PreFlight(), Outcome.UNTOUCHED, List.of(),
        "nothing was touched", "pre-flight: the source only wanted to compare. Nothing was touched", null);
  }

  /**
   * Serves who is at the other end: receives the devices, if they come, or answers one who only wants to know. To be
   * called once; another may be served by another object, for the same devices.
   *
   * @param oracle answers who asks whose the devices of an earlier migration are
   * @return what the peer wanted, and what came of it
   * @throws MigrationException as {@link #run} does; not for what goes wrong when a peer is answered, nor if a migration
   *     ends before a device is touched for a reason that lies with the source or the connection
   */
  public AcceptResult serve(OwnershipResponder oracle) throws MigrationException {
    try {
      return serve(Optional.of(oracle));
    } catch (MigrationException e) {
      if (isPeerFailure(e)) {
        return new AcceptResult.Refusal(e);
      }
      throw e;
    }
  }

  private static boolean isPeerFailure(MigrationException failure) {
    Throwable cause = failure.getCause();
    return failure.outcome() == Outcome.UNTOUCHED && cause != null && switch (cause) {
      case RefusedException _,StreamException _ -> true;
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
