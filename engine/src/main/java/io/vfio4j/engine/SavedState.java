// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.engine.codec.CompressionAlgorithm;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.Segmentation;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What is in a file with a saved state.
 *
 * @param version the version of the stream
 * @param compression how it is compressed, if it is
 * @param devices the devices, in the order in which they were saved
 * @param memory the regions of memory that were saved with them
 * @param source what became of the source
 * @param stoppedAt the moment that the state is of
 * @param downtime how long the source stood still; zero where it did not go on
 * @param rounds how many rounds of pre-copy are in it
 * @param frames how many frames
 * @param fileBytes how long the file is
 */
public record SavedState(StreamVersion version, Optional<CompressionAlgorithm> compression,
    List<SavedDevice> devices, List<SavedMemory> memory, Source source, Instant stoppedAt,
    Duration downtime, int rounds, long frames, long fileBytes) {

  /** Copies the lists. */
  public SavedState {
    devices = List.copyOf(devices);
    memory = List.copyOf(memory);
  }

  /** What became of the source of a file. */
  public enum Source {
    /** Its devices did not go on: the state in the file is the only one. */
    STOPPED(0, "was stopped"),
    /** Its devices went on: what they hold is later than the state in the file. */
    RUNNING(1, "was left running"),
    /** Its devices were to go on and failed to, or nobody can tell. */
    UNKNOWN(2, "was to go on, and failed");

    private static final Source[] BY_WIRE = values();

    private final int wireValue;
    private final String description;

    Source(int wireValue, String words) {
      this.wireValue = wireValue;
      this.description = words;
    }

    public int wireValue() {
      return wireValue;
    }

    public static Optional<Source> fromWire(int value) {
      return value >= 0 && value < BY_WIRE.length ? Optional.of(BY_WIRE[value]) : Optional.empty();
    }

    /** Returns what became of it, after <em>its source</em>. */
    public String description() {
      return description;
    }
  }

  /**
   * A device.
   *
   * @param identity who it was
   * @param features what it could do
   * @param stopCopyLength what it said how many bytes it had to send when it stopped
   * @param segmentation how its state is divided, if it is
   * @param bytes bytes of its state
   */
  public record SavedDevice(DeviceIdentity identity, MigrationFeatures features, OptionalLong stopCopyLength,
      Optional<Segmentation> segmentation, long bytes) {
  }

  /**
   * A region of memory.
   *
   * @param name its name
   * @param iova its first address, unsigned
   * @param size bytes
   * @param pages pages in the file, those of earlier rounds and those that are zero included
   */
  public record SavedMemory(String name, long iova, long size, long pages) {
  }
}
