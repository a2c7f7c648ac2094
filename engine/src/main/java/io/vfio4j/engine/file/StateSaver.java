// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.output.AtomicFile;
import io.vfio4j.engine.output.FileException;
import io.vfio4j.engine.preflight.MigrationContext;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.NanoClock;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Saves the state of devices, and their memory, to a file. An interrupt of the thread that runs it cancels it.
 *
 * <p>
 * It runs like a migration until everything has been sent. Then the devices resume, and only after that the file is completed,
 * so that the downtime does not include the disk. If the devices stay stopped, the file is completed first, so that
 * the state is never only in memory.
 */
public final class StateSaver {

  private final DeviceSet deviceSet;
  private final Opener opener;
  private final boolean stop;
  private final MigrationOptions options;
  private final Workload workload;
  private final MigrationListener listener;
  private final NanoClock clock;

  /** Creates the file. */
  @FunctionalInterface
  interface Opener {
    AtomicFile open() throws FileException;
  }

  /**
   * Prepares a save; nothing happens before {@link #run}.
   *
   * @param deviceSet the devices, in RUNNING; they are not closed. Meanwhile each is driven by its own thread only
   * @param file the file for the state; an existing one is replaced atomically at the end
   * @param stop whether the devices stay in STOP, and the workload paused; otherwise both resume
   * @param options connections for memory and timeouts for the peer are not used
   * @param workload the workload of the devices
   * @param listener receives one event at a time, in the thread in which it occurs
   */
  public StateSaver(DeviceSet deviceSet, Path file, boolean stop, MigrationOptions options, Workload workload,
      MigrationListener listener) {
    this(deviceSet, () -> AtomicFile.begin(file), stop, options, workload, listener, NanoClock.SYSTEM);
  }

  StateSaver(DeviceSet deviceSet, Opener opener, boolean stop, MigrationOptions options, Workload workload,
      MigrationListener listener, NanoClock clock) {
    this.deviceSet = deviceSet;
    this.opener = opener;
    this.stop = stop;
    this.options = options;
    this.workload = workload;
    this.listener = listener;
    this.clock = clock;
  }

  /**
   * Saves the state. Called once.
   *
   * @return the report; the file is in its place
   * @throws MigrationException if it failed; the message reports the state of the devices, and whether there is a new file
   */
  public SaveReport run() throws MigrationException {
    PhaseTracker tracker = new PhaseTracker(Side.SOURCE, clock, listener);
    try (AtomicFile file = open(tracker)) {
      return run(file, tracker);
    } catch (IOException e) {
      throw new IllegalStateException("the written file cannot be closed: " + Exceptions.message(e), e);
    }
  }

  private AtomicFile open(PhaseTracker tracker) throws MigrationException {
    try {
      return opener.open();
    } catch (FileException e) {
      throw new MigrationException(Side.SOURCE, tracker.phase(),
          MigrationException.Outcomes.of(Outcome.UNTOUCHED, ""),
          "%s: %s. Nothing was touched.".formatted(tracker.phase().title(), Exceptions.message(e)), e);
    }
  }

  private SaveReport run(AtomicFile file, PhaseTracker tracker) throws MigrationException {
    Connections output = Connections.single(new FileOutput(file.channel(), file.path()));
    try (
        MigrationContext context = MigrationContext.open(deviceSet, output,
            options.withStallTimeout(FileCheck.NO_TIMEOUT), workload, tracker);
        SaveRun run = new SaveRun(context, file, stop)) {
      return run.run();
    }
  }
}
