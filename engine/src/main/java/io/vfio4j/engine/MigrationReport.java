// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.engine.codec.CompressionAlgorithm;
import io.vfio4j.model.DeviceIdentity;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What a migration did, as the source saw it.
 *
 * @param devices each device, in their order
 * @param memory the memory, if any moved
 * @param total from the beginning to the end
 * @param downtime from the pause of the workload to its resume at the target
 * @param downtimeParts what that consisted of
 * @param predictedParts what the last round of pre-copy predicted that it would consist of; empty without pre-copy
 * @param bytes bytes sent, of devices and memory
 * @param stopCopyBytes of these, those sent while the devices stood still
 * @param compression what became of all of them on the wire, if they were compressed
 * @param phases how long each phase took, in order; the rounds of pre-copy are one phase
 * @param rounds what each round of pre-copy did; of more than 2,000 the first and the last thousand
 * @param target what the target told about its part
 * @param notCarried what is not part of a device's stream and has to be set up at the target
 * @param notes what went wrong without harm to the migration, for people
 * @param workloadFailure why the workload did not resume at the target, and so stays paused; empty if it did
 */
public record MigrationReport(List<DeviceReport> devices, Optional<MemoryReport> memory, Duration total,
    Duration downtime,
    DowntimeParts downtimeParts, Optional<DowntimeParts> predictedParts, long bytes, long stopCopyBytes,
    Optional<CompressionReport> compression,
    List<PhaseTime> phases,
    List<Round> rounds,
    TargetSummary target, List<String> notCarried, List<String> notes,
    Optional<String> workloadFailure) {

  /** What no device's stream carries: the driver of the device sets it up at the target. */
  public static final List<String> NOT_CARRIED = List.of("config space", "interrupt setup", "DMA mappings");

  /** Copies the lists. */
  public MigrationReport {
    devices = List.copyOf(devices);
    phases = List.copyOf(phases);
    rounds = List.copyOf(rounds);
    notCarried = List.copyOf(notCarried);
    notes = List.copyOf(notes);
  }

  /** Returns how long the downtime was predicted to be; empty without pre-copy. */
  public Optional<Duration> predictedDowntime() {
    return predictedParts.map(DowntimeParts::total);
  }

  /**
   * A device that moved.
   *
   * @param source who it was
   * @param target who it is now, as the target named it
   * @param bytes bytes of its state sent
   * @param switchover what it did while everything stood still
   */
  public record DeviceReport(DeviceIdentity source, DeviceIdentity target, long bytes,
      DeviceSwitchover switchover) {
  }

  /**
   * How long a phase took.
   *
   * @param title {@link Phase#title}
   * @param start time since the migration began
   * @param duration its duration
   */
  public record PhaseTime(String title, Duration start, Duration duration) {
  }

  /**
   * A round of pre-copy: it ends when as much has been sent as was pending at its beginning.
   *
   * @param number from 1; where there is memory, the first sends all of it and nothing else
   * @param deviceBytes bytes of devices sent
   * @param memoryBytes bytes of memory sent
   * @param deviceBytesLeft bytes that the devices had to send then, those included that they send when they are stopped
   * @param memoryBytesLeft bytes of memory that were dirty then
   * @param bytesPerSecond how fast bytes were sent, measured over all rounds so far while there was something to send
   * @param duration its duration
   */
  public record Round(int number, long deviceBytes, long memoryBytes, long deviceBytesLeft,
      long memoryBytesLeft, double bytesPerSecond, Duration duration) {

    /** Returns all bytes sent. */
    public long bytes() {
      return deviceBytes + memoryBytes;
    }

    /** Returns all bytes that were to be sent at its end. */
    public long bytesLeft() {
      return deviceBytesLeft + memoryBytesLeft;
    }
  }

  /**
   * The memory that moved.
   *
   * @param size bytes of it
   * @param bytes bytes sent for it, more than its size where it was written to meanwhile, less where it was zero
   * @param pages pages of 4096 bytes sent, those that were zero included
   * @param zeroPages how many of these were zero, and so took next to nothing
   * @param stopCopyBytes of the bytes, those sent while everything stood still: what was dirty last
   * @param stopCopyDuration how long it took to send these, beside the state of the devices
   */
  public record MemoryReport(long size, long bytes, long pages, long zeroPages, long stopCopyBytes,
      Duration stopCopyDuration) {
  }

  /**
   * What compression did. Bytes are counted elsewhere as they were before it.
   *
   * @param algorithm with what
   * @param level how hard it tried
   * @param bytesOnWire bytes of payload that were sent, or written to a file
   */
  public record CompressionReport(CompressionAlgorithm algorithm, int level, long bytesOnWire) {
  }

  /**
   * The target's part, in its own words.
   *
   * @param bytes bytes written, of devices and memory
   * @param validating how long the moves from RESUMING to STOP took
   * @param starting how long the moves from STOP to RUNNING took
   */
  public record TargetSummary(long bytes, Duration validating, Duration starting) {
  }
}
