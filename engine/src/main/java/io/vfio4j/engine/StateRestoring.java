// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.MigratableDevice;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.function.Predicate;

/**
 * Gives devices the state that was saved to a file. An interrupt of the thread that runs it cancels it.
 *
 * <p>
 * The file is read twice: first from end to end, so that one that is damaged touches no device, and then to load it.
 */
public final class StateRestoring {

  private final Ensemble ensemble;
  private final Predicate<MigratableDevice> expendable;
  private final Path path;
  private final MigrationOptions options;
  private final MigrationListener listener;

  /**
   * Makes one; nothing happens before {@link #run}.
   *
   * @param ensemble the devices that are given the state, in RUNNING; they are not closed. Each is driven by one thread
   *     at a time meanwhile
   * @param path the file
   * @param options of these, the patience for calls that move devices is used, the codecs, and the word on peer-to-peer
   *     traffic
   * @param listener hears what happens, one event at a time, in whichever thread it happens
   */
  public StateRestoring(Ensemble ensemble, Path path, MigrationOptions options, MigrationListener listener) {
    this(ensemble, _ -> false, path, options, listener);
  }

  private StateRestoring(Ensemble ensemble, Predicate<MigratableDevice> expendable, Path path,
      MigrationOptions options, MigrationListener listener) {
    this.ensemble = ensemble;
    this.expendable = expendable;
    this.path = path;
    this.options = options;
    this.listener = listener;
  }

  /**
   * Returns the same for devices of which some may be in any state at first. They are reset as the others are, once the
   * file has been found intact and to fit.
   *
   * @param which tells them: those whose state is of no use to anybody, wherever they are
   */
  public StateRestoring withExpendable(Predicate<MigratableDevice> which) {
    return new StateRestoring(ensemble, which, path, options, listener);
  }

  /**
   * Restores the state. To be called once.
   *
   * @return what was done; the devices run
   * @throws RestoreException if it failed; no device runs with the state, or the text says that nobody can tell
   */
  public RestoreReport run() throws RestoreException {
    Narrator narrator = new Narrator(Side.TARGET, NanoClock.SYSTEM, listener);
    FileChannel channel = open(narrator);
    try (Link link = new Link(new IncomingFile(channel, path), FileCheck.PATIENCE, narrator);
        DeviceGroup group = new DeviceGroup(ensemble.devices(), narrator, options.arcTimeout())) {
      return new RestoreRun(ensemble, expendable, group, link, channel, path, options, narrator).run();
    } finally {
      close(channel, narrator);
    }
  }

  private FileChannel open(Narrator narrator) throws RestoreException {
    try {
      return IncomingFile.open(path);
    } catch (IOException e) {
      throw new RestoreException(narrator.phase(), RestoreException.Fate.UNTOUCHED, Suppression.message(e),
          e);
    }
  }

  /** The devices have their state, or not, whatever becomes of a file that was read. */
  private void close(FileChannel channel, Narrator narrator) {
    try {
      channel.close();
    } catch (IOException e) {
      narrator.note("%s did not close: %s".formatted(path, Suppression.message(e)));
    }
  }
}
