// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.SavedState;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.codec.Codecs;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.preflight.HelloRegions;
import io.vfio4j.engine.preflight.PreFlight;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.stream.Preamble;
import io.vfio4j.engine.util.NanoClock;
import io.vfio4j.engine.util.TaskWaiter;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * A file with a saved state that has been checked, and is intact. It is one direction of a migration stream, on one connection
 * (docs/migration-stream.md):
 *
 * <pre>
 * file = preamble, HELLO, ( DATA | MEMORY | ROUND | ALIVE )*, SAVED, END
 * </pre>
 */
public final class SavedFile {

  private final FileCheck.Result checked;

  private SavedFile(FileCheck.Result checked) {
    this.checked = checked;
  }

  /** Returns whether a file holds a saved state, damaged or not, by its first 8 bytes, or all that it has. */
  public static boolean isSavedState(byte[] beginning) {
    return Preamble.isStream(beginning);
  }

  /**
   * Reads a whole file.
   *
   * @param path the file
   * @param codecs for a compressed file
   * @throws DamagedFileException if it is incomplete or damaged
   * @throws IOException if it cannot be read
   */
  public static SavedFile check(Path path, Codecs codecs) throws IOException {
    try (FileChannel channel = FileInput.open(path)) {
      return new SavedFile(FileCheck.check(channel, path, codecs));
    }
  }

  /** Returns its contents. */
  public SavedState state() {
    return checked.state();
  }

  /**
   * Compares its contents with devices and memory, which are only queried. Whether a device accepts the state is known only
   * when it has been loaded.
   *
   * @return the comparison, in which the source is that of the file
   * @throws IOException if a device does not answer
   */
  public Comparison compare(DeviceSet deviceSet, MigrationOptions options) throws IOException {
    PhaseTracker tracker = new PhaseTracker(Side.TARGET, NanoClock.SYSTEM, MigrationListener.NONE);
    try (DeviceGroup group = new DeviceGroup(deviceSet.devices(), tracker, options.arcTimeout())) {
      // States and peer-to-peer DMA are checked by the restore.
      return PreFlight.compare(checked.hello(),
          Hello.of(group.describe(TaskWaiter.unwatched(), _ -> true),
              HelloRegions.ofTarget(deviceSet.memory())),
          true);
    }
  }
}
