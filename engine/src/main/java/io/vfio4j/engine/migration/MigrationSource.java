// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.preflight.MigrationContext;
import io.vfio4j.engine.preflight.SourcePreFlight;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.util.NanoClock;
import io.vfio4j.model.MigratableDevice;
import java.io.IOException;
import java.util.function.Predicate;

/**
 * The source's side of a migration. An interrupt of the thread that runs it cancels it. Between COMMIT and
 * CONFIRMED nothing can be cancelled: there an interrupt only ends the wait, and leaves the outcome unknown.
 */
public final class MigrationSource {

  private final DeviceSet deviceSet;
  private final Connections connections;
  private final MigrationOptions options;
  private final Workload workload;
  private final MigrationListener listener;
  private final NanoClock clock;

  /**
   * Creates a source; {@link #run} starts it.
   *
   * @param deviceSet the devices to migrate, in RUNNING; they are not closed. While the migration runs, each
   *     has a thread that makes all calls to it
   * @param connections the connections to the target; {@link #run} closes them
   * @param options the options
   * @param workload the program that drives the devices
   * @param listener receives the events, one at a time, in the thread in which they occur
   */
  public MigrationSource(DeviceSet deviceSet, Connections connections, MigrationOptions options,
      Workload workload, MigrationListener listener) {
    this(deviceSet, connections, options, workload, listener, NanoClock.SYSTEM);
  }

  MigrationSource(DeviceSet deviceSet, Connections connections, MigrationOptions options, Workload workload,
      MigrationListener listener, NanoClock clock) {
    this.deviceSet = deviceSet;
    this.connections = connections;
    this.options = options;
    this.workload = workload;
    this.listener = listener;
    this.clock = clock;
  }

  /**
   * Compares both sides, and returns what {@link #run} would refuse. No device is touched on either side, and
   * nothing is recorded in a journal. Call this instead of {@link #run}; it also closes the connections.
   *
   * @param resettable returns whether a device of the source will be reset before it migrates, so that its
   *     current state does not matter
   * @throws IOException if a device cannot be queried, or the target does not answer or cannot compare
   */
  public Comparison compare(Predicate<MigratableDevice> resettable) throws IOException {
    PhaseTracker tracker = new PhaseTracker(Side.SOURCE, clock, listener);
    try (MigrationContext context =
        MigrationContext.open(deviceSet, connections, options, Workload.NONE, tracker)) {
      return new SourcePreFlight(context).compare(resettable);
    }
  }

  /**
   * Migrates the devices. Call it once.
   *
   * @return the report; the target's devices run, and the source's are in STOP
   * @throws MigrationException if it failed; it contains where the devices are now
   */
  public MigrationReport run() throws MigrationException {
    PhaseTracker tracker = new PhaseTracker(Side.SOURCE, clock, listener);
    try (
        MigrationContext context =
            MigrationContext.open(deviceSet, connections, options, workload, tracker);
        SourceRun run = new SourceRun(context)) {
      return run.run();
    }
  }
}
