// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.preflight.MigrationContext;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.NanoClock;
import io.vfio4j.model.MigratableDevice;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.function.Predicate;

/**
 * Restores devices from a file with a saved state. An interrupt of the thread that runs it cancels it.
 *
 * <p>
 * The file is read twice: first completely, so that no device is touched if it is damaged, and then to load it.
 */
public final class StateRestorer {

  private final DeviceSet deviceSet;
  private final Predicate<MigratableDevice> resettable;
  private final Path path;
  private final MigrationOptions options;
  private final MigrationListener listener;

  /**
   * Prepares a restore; nothing happens before {@link #run}.
   *
   * @param deviceSet the devices, in RUNNING; they are not closed. Meanwhile each is driven by one thread at a time
   * @param path the file
   * @param options only the arc timeout, the codecs and noPeerDma are used
   * @param listener receives one event at a time, in the thread in which it occurs
   */
  public StateRestorer(DeviceSet deviceSet, Path path, MigrationOptions options, MigrationListener listener) {
    this(deviceSet, _ -> false, path, options, listener);
  }

  private StateRestorer(DeviceSet deviceSet, Predicate<MigratableDevice> resettable, Path path,
      MigrationOptions options, MigrationListener listener) {
    this.deviceSet = deviceSet;
    this.resettable = resettable;
    this.path = path;
    this.options = options;
    this.listener = listener;
  }

  /**
   * Returns the same for devices of which some may be in any state. They are reset like the others, once the file has been
   * found intact and matching.
   *
   * @param which selects the devices whose current state is not needed
   */
  public StateRestorer withResettable(Predicate<MigratableDevice> which) {
    return new StateRestorer(deviceSet, which, path, options, listener);
  }

  /**
   * Restores the state. Called once.
   *
   * @return the report; the devices run
   * @throws RestoreException if it failed; no device runs with the state, unless the message says that this is unknown
   */
  public RestoreReport run() throws RestoreException {
    PhaseTracker tracker = new PhaseTracker(Side.TARGET, NanoClock.SYSTEM, listener);
    FileChannel channel = open(tracker);
    Connections input = Connections.single(new FileInput(channel, path));
    try (MigrationContext context = MigrationContext.open(deviceSet, input,
        options.withStallTimeout(FileCheck.NO_TIMEOUT), Workload.NONE, tracker)) {
      return new RestoreRun(context, channel, path, resettable).run();
    } finally {
      close(channel, tracker);
    }
  }

  private FileChannel open(PhaseTracker tracker) throws RestoreException {
    try {
      return FileInput.open(path);
    } catch (IOException e) {
      throw new RestoreException(tracker.phase(), RestoreException.Result.UNTOUCHED, Exceptions.message(e),
          e);
    }
  }

  /** A failure to close a file that was read does not affect the devices. */
  private void close(FileChannel channel, PhaseTracker tracker) {
    try {
      channel.close();
    } catch (IOException e) {
      tracker.note("%s did not close: %s".formatted(path, Exceptions.message(e)));
    }
  }
}
