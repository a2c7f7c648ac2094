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

/** A file with a saved state that has been read to its end, and is intact. */
public final class SavedFile {

  private final FileCheck.Result checked;

  private SavedFile(FileCheck.Result checked) {
    this.checked = checked;
  }

  /** Tells whether a file is one with a saved state, damaged or not, by its first bytes: 8 of them, or all it has. */
  public static boolean isSavedState(byte[] beginning) {
    return Preamble.isStream(beginning);
  }

  /**
   * Reads a whole file.
   *
   * @param path the file
   * @param codecs for one that is compressed
   * @throws DamagedFileException if it is not whole, or not what was written
   * @throws IOException if it cannot be read
   */
  public static SavedFile check(Path path, Codecs codecs) throws IOException {
    try (FileChannel channel = FileInput.open(path)) {
      return new SavedFile(FileCheck.check(channel, path, codecs));
    }
  }

  /** Returns what is in it. */
  public SavedState state() {
    return checked.state();
  }

  /**
   * Compares what is in it with devices and memory, which are only asked what they are. Whether a device accepts the
   * state, which only its driver understands, is known when it has been loaded and not before.
   *
   * @return what there is on both sides, the source being that of the file
   * @throws IOException if a device does not answer
   */
  public Comparison compare(DeviceSet deviceSet, MigrationOptions options) throws IOException {
    PhaseTracker tracker = new PhaseTracker(Side.TARGET, NanoClock.SYSTEM, MigrationListener.NONE);
    try (DeviceGroup group = new DeviceGroup(deviceSet.devices(), tracker, options.arcTimeout())) {
      // Where they are and whether they reach each other's memory is a matter of the restore, not of the file.
      return PreFlight.compare(checked.hello(),
          Hello.of(group.describe(TaskWaiter.unwatched(), _ -> true),
              HelloRegions.ofTarget(deviceSet.memory())),
          true);
    }
  }
}
