// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Gives devices the state that was saved to a file. An interrupt of the thread that runs it cancels it.
 *
 * <p>
 * The file is read twice: first from end to end, so that one that is damaged touches no device, and then to load it.
 */
public final class StateRestoring {

  private final Ensemble ensemble;
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
    this.ensemble = ensemble;
    this.path = path;
    this.options = options;
    this.listener = listener;
  }

  /**
   * Restores the state. To be called once.
   *
   * @return what was done; the devices run
   * @throws RestoreException if it failed; no device runs with the state, or the text says that nobody can tell
   */
  public RestoreReport run() throws RestoreException {
    Narrator narrator = new Narrator(Side.TARGET, NanoClock.SYSTEM, listener);
    try (FileChannel channel = open(path);
        Link link = new Link(new IncomingFile(channel, path), FileCheck.PATIENCE, narrator);
        DeviceGroup group = new DeviceGroup(ensemble.devices(), narrator, options.arcTimeout())) {
      return new RestoreRun(ensemble, group, link, channel, path, options, narrator).run();
    } catch (IOException e) {
      throw new RestoreException(narrator.phase(), RestoreException.Fate.UNTOUCHED, Words.of(e), e);
    }
  }

  /** Reads a whole file, and tells what is in it; one that is compressed is refused. */
  public static SavedState inspect(Path path) throws IOException {
    return inspect(path, Codecs.NONE);
  }

  /**
   * Reads a whole file, and tells what is in it.
   *
   * @param path the file
   * @param codecs for one that is compressed
   * @throws DamagedFileException if it is not whole, or not what was written
   * @throws IOException if it cannot be read
   */
  public static SavedState inspect(Path path, Codecs codecs) throws IOException {
    try (FileChannel channel = open(path)) {
      return FileCheck.check(channel, path, codecs).state();
    }
  }

  private static FileChannel open(Path path) throws FileException {
    try {
      return FileChannel.open(path, StandardOpenOption.READ);
    } catch (IOException e) {
      throw new FileException(path, "cannot be opened: " + NewFile.words(e), e);
    }
  }
}
