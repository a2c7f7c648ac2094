// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.engine.codec.CompressionAlgorithm;
import io.vfio4j.model.DeviceIdentity;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The report of a completed migration, as seen by the source.
 *
 * @param devices the devices, in order
 * @param memory the memory, if any migrated
 * @param total from the beginning to the end
 * @param downtime from the pause of the workload to its resumption at the target
 * @param downtimeParts the parts of the downtime
 * @param predictedParts the parts that the last round of pre-copy predicted; empty without pre-copy
 * @param bytes bytes sent, of devices and memory
 * @param stopCopyBytes of these, the bytes sent during the downtime
 * @param compression the effect of compression, if the stream was compressed
 * @param phases the duration of each phase, in order; all rounds of pre-copy are one phase
 * @param rounds the rounds of pre-copy; of more than 2,000, the first and the last thousand
 * @param target the target's own numbers
 * @param notCarried what a device's stream does not contain and must be set up at the target
 * @param notes problems that did not affect the migration
 * @param workloadFailure why the workload did not resume at the target and stays paused; empty if it resumed
 * @param releaseFailure why a source still has what it has handed over ({@link Handover#complete}), and so cannot
 *     be used by others; empty if it has not
 */
public record MigrationReport(List<DeviceReport> devices, Optional<MemoryReport> memory, Duration total,
    Duration downtime, DowntimeParts downtimeParts, Optional<DowntimeParts> predictedParts, long bytes,
    long stopCopyBytes, Optional<CompressionReport> compression, List<PhaseTime> phases, List<Round> rounds,
    TargetSummary target, List<String> notCarried, List<String> notes, Optional<String> workloadFailure,
    Optional<String> releaseFailure) {

  /** What no device's stream contains: the device's driver sets it up at the target. */
  public static final List<String> NOT_CARRIED = List.of("config space", "interrupt setup", "DMA mappings");

  public MigrationReport {
    devices = List.copyOf(devices);
    phases = List.copyOf(phases);
    rounds = List.copyOf(rounds);
    notCarried = List.copyOf(notCarried);
    notes = List.copyOf(notes);
  }

  /** Returns the predicted downtime; empty without pre-copy. */
  public Optional<Duration> predictedDowntime() {
    return predictedParts.map(DowntimeParts::total);
  }

  /**
   * A migrated device.
   *
   * @param source the source's device
   * @param target the target's device, as named by the target
   * @param bytes bytes of its state
   * @param switchover its part of the downtime
   */
  public record DeviceReport(DeviceIdentity source, DeviceIdentity target, long bytes,
      DeviceSwitchover switchover) {
  }

  /**
   * The duration of a phase.
   *
   * @param title {@link Phase#title}
   * @param start time since the migration began
   * @param duration its duration
   */
  public record PhaseTime(String title, Duration start, Duration duration) {
  }

  /**
   * A round of pre-copy. It ends when as much has been sent as was pending at its start.
   *
   * @param number from 1; with memory, the first round sends all memory and nothing else
   * @param deviceBytes bytes of devices sent
   * @param memoryBytes bytes of memory sent
   * @param deviceBytesLeft bytes of devices left at the end, including those that they send only once stopped
   * @param memoryBytesLeft bytes of memory dirty at the end
   * @param bytesPerSecond the rate over all rounds so far, while there was something to send
   * @param duration its duration
   */
  public record Round(int number, long deviceBytes, long memoryBytes, long deviceBytesLeft,
      long memoryBytesLeft, double bytesPerSecond, Duration duration) {

    /** Returns all bytes sent. */
    public long bytes() {
      return deviceBytes + memoryBytes;
    }

    /** Returns all bytes left at the end. */
    public long bytesLeft() {
      return deviceBytesLeft + memoryBytesLeft;
    }
  }

  /**
   * The migrated memory.
   *
   * @param size its size in bytes
   * @param bytes bytes sent: more than the size if it was written to meanwhile, less if pages were zero
   * @param pages pages of 4096 bytes sent, including zero pages
   * @param zeroPages zero pages among them, which take almost no bytes
   * @param stopCopyBytes of the bytes, those sent during the downtime: the last dirty pages
   * @param stopCopyDuration time to send these, in parallel with the state of the devices
   */
  public record MemoryReport(long size, long bytes, long pages, long zeroPages, long stopCopyBytes,
      Duration stopCopyDuration) {
  }

  /**
   * The effect of compression. All other counts of bytes are before compression.
   *
   * @param algorithm the algorithm
   * @param level the compression level
   * @param bytesOnWire bytes of payload sent, or written to a file, after compression
   */
  public record CompressionReport(CompressionAlgorithm algorithm, int level, long bytesOnWire) {
  }

  /**
   * The target's own numbers, from its CONFIRMED frame.
   *
   * @param bytes bytes loaded, of devices and memory
   * @param validating duration of the transitions from RESUMING to STOP
   * @param starting duration of the transitions from STOP to RUNNING
   */
  public record TargetSummary(long bytes, Duration validating, Duration starting) {
  }
}
