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
import java.util.List;

/**
 * Saves the state of devices, and their memory, to a file. An interrupt of the thread that runs it cancels it.
 *
 * <p>
 * Everything is as in a migration up to the moment when all has been sent. Then the devices go on where they are, and
 * only after that is the file completed: its disk is not waited for while they stand still. If they are to stay
 * stopped, the file is completed first, so that the state is never in memory alone.
 */
public final class StateSaver {

  private final DeviceSet deviceSet;
  private final Opener opener;
  private final boolean stop;
  private final MigrationOptions options;
  private final Workload workload;
  private final MigrationListener listener;
  private final NanoClock clock;

  /** Makes the file. */
  @FunctionalInterface
  interface Opener {
    AtomicFile open() throws FileException;
  }

  /**
   * Makes one; nothing happens before {@link #run}.
   *
   * @param deviceSet the devices, in RUNNING; they are not closed. Each is driven by a thread of its own meanwhile, and
   *     by no other
   * @param file where the state goes; a file that is there is replaced at the end, as a whole or not at all
   * @param stop whether the devices stay in STOP afterwards, and the workload paused; else both go on
   * @param options how to do it; connections for memory and the patience for the other side have no meaning
   * @param workload what drives the devices
   * @param listener hears what happens, one event at a time, in whichever thread it happens
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
   * Saves the state. To be called once.
   *
   * @return what was done; the file is in its place
   * @throws MigrationException if it failed; it says where the devices are now, and whether there is a new file
   */
  public SaveReport run() throws MigrationException {
    PhaseTracker tracker = new PhaseTracker(Side.SOURCE, clock, listener);
    try (AtomicFile file = open(tracker)) {
      return run(file, tracker);
    } catch (IOException e) {
      throw new IllegalStateException("a file that was written does not close: " + Exceptions.message(e), e);
    }
  }

  private AtomicFile open(PhaseTracker tracker) throws MigrationException {
    try {
      return opener.open();
    } catch (FileException e) {
      throw new MigrationException(Side.SOURCE, tracker.phase(), Outcome.UNTOUCHED, List.of(), "",
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
