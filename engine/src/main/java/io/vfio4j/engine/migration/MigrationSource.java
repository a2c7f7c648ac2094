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
 * The source's side of a migration. An interrupt of the thread that runs it cancels it; between
 * <em>yours</em> and <em>confirmed</em>, where nothing can be cancelled any more, it ends the waiting and leaves the
 * ownership unknown.
 */
public final class MigrationSource {

  private final DeviceSet deviceSet;
  private final Connections connections;
  private final MigrationOptions options;
  private final Workload workload;
  private final MigrationListener listener;
  private final NanoClock clock;

  /**
   * Makes a source; nothing happens before {@link #run}.
   *
   * @param deviceSet the devices that leave, in RUNNING; they are not closed. Each is driven by a thread of its own
   *     while the migration runs, and by no other
   * @param connections the way to the target; {@link #run} closes it
   * @param options how to do it
   * @param workload what drives the devices
   * @param listener hears what happens, one event at a time, in whichever thread it happens
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
   * Asks the target what it has, and tells whether {@link #run} would be refused for that. No device is touched on
   * either side and nothing is put down in a journal. Instead of {@link #run}, which closes the connections as well.
   *
   * @param resettable tells of a device of the source whether it is going to be reset before it moves, so that it does
   *     not matter where it is now
   * @throws IOException if a device cannot be asked, or the target does not answer or cannot compare
   */
  public Comparison compare(Predicate<MigratableDevice> resettable) throws IOException {
    PhaseTracker tracker = new PhaseTracker(Side.SOURCE, clock, listener);
    try (MigrationContext context =
        MigrationContext.open(deviceSet, connections, options, Workload.NONE, tracker)) {
      return new SourcePreFlight(context).compare(resettable);
    }
  }

  /**
   * Moves the devices. To be called once.
   *
   * @return what was done; the devices run at the target, and these are in STOP
   * @throws MigrationException if it failed; it says where the devices are now
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
