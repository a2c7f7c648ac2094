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
 * The contents of a file with a saved state.
 *
 * @param version the version of the stream
 * @param compression the compression, if any
 * @param devices the devices, in the order in which they were saved
 * @param memory the memory regions
 * @param source what became of the source
 * @param stoppedAt when the devices stopped, which is the time of the state
 * @param downtime the source's downtime; zero if it was not resumed
 * @param rounds the number of pre-copy rounds in the file
 * @param frames the number of frames
 * @param fileBytes the length of the file
 */
public record SavedState(StreamVersion version, Optional<CompressionAlgorithm> compression,
    List<SavedDevice> devices, List<SavedMemory> memory, Source source, Instant stoppedAt, Duration downtime,
    int rounds, long frames, long fileBytes) {

  public SavedState {
    devices = List.copyOf(devices);
    memory = List.copyOf(memory);
  }

  /** What became of the source of a file. */
  public enum Source {
    /** Its devices stayed stopped: the state in the file is the only one. */
    STOPPED(0, "was stopped"),
    /** Its devices were resumed: their state is newer than the file. */
    RUNNING(1, "was left running"),
    /** Its devices were to be resumed, which failed or is unknown. */
    UNKNOWN(2, "failed to resume");

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

    /** Returns the description, to follow <em>its source</em>. */
    public String description() {
      return description;
    }
  }

  /**
   * A saved device.
   *
   * @param identity its identity
   * @param features its migration features
   * @param stopCopyLength the stop-copy length that it reported, if any
   * @param segmentation how its state is divided, if it is
   * @param bytes bytes of its state
   */
  public record SavedDevice(DeviceIdentity identity, MigrationFeatures features, OptionalLong stopCopyLength,
      Optional<Segmentation> segmentation, long bytes) {
  }

  /**
   * A saved memory region.
   *
   * @param name its name
   * @param iova its first address, unsigned
   * @param size bytes
   * @param pages pages in the file, including zero pages and those of earlier rounds
   */
  public record SavedMemory(String name, long iova, long size, long pages) {
  }
}
