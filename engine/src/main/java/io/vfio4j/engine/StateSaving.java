// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

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
public final class StateSaving {

  private final Ensemble ensemble;
  private final Opener opener;
  private final boolean stop;
  private final MigrationOptions options;
  private final Workload workload;
  private final MigrationListener listener;
  private final NanoClock clock;

  /** Makes the file. */
  @FunctionalInterface
  interface Opener {
    NewFile open() throws FileException;
  }

  /**
   * Makes one; nothing happens before {@link #run}.
   *
   * @param ensemble the devices, in RUNNING; they are not closed. Each is driven by a thread of its own meanwhile, and
   *     by no other
   * @param file where the state goes; a file that is there is replaced at the end, as a whole or not at all
   * @param stop whether the devices stay in STOP afterwards, and the workload paused; else both go on
   * @param options how to do it; connections for memory and the patience for the other side have no meaning
   * @param workload what drives the devices
   * @param listener hears what happens, one event at a time, in whichever thread it happens
   */
  public StateSaving(Ensemble ensemble, Path file, boolean stop, MigrationOptions options, Workload workload,
      MigrationListener listener) {
    this(ensemble, () -> NewFile.begin(file), stop, options, workload, listener, NanoClock.SYSTEM);
  }

  StateSaving(Ensemble ensemble, Opener opener, boolean stop, MigrationOptions options, Workload workload,
      MigrationListener listener, NanoClock clock) {
    this.ensemble = ensemble;
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
    Narrator narrator = new Narrator(Side.SOURCE, clock, listener);
    try (NewFile file = open(narrator)) {
      return run(file, narrator);
    } catch (IOException e) {
      throw new IllegalStateException("a file that was written does not close: " + Suppression.message(e), e);
    }
  }

  private NewFile open(Narrator narrator) throws MigrationException {
    try {
      return opener.open();
    } catch (FileException e) {
      throw new MigrationException(Side.SOURCE, narrator.phase(), Outcome.UNTOUCHED, List.of(), "",
          "%s: %s. Nothing was touched.".formatted(narrator.phase().title(), Suppression.message(e)), e);
    }
  }

  private SaveReport run(NewFile file, Narrator narrator) throws MigrationException {
    try (Link link = new Link(new OutgoingFile(file.channel(), file.path()), FileCheck.PATIENCE, narrator);
        DeviceGroup group = new DeviceGroup(ensemble.devices(), narrator, options.arcTimeout());
        SaveRun run = new SaveRun(ensemble, group, link, file, stop, options, new PausableWorkload(workload),
            narrator)) {
      return run.run();
    }
  }
}
