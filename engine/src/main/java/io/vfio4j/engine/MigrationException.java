// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A migration failed. The message contains what failed, where the devices are now, and what to do. The cause
 * is the original error; errors of the recovery are suppressed in it.
 */
public final class MigrationException extends Exception {

  private static final long serialVersionUID = 1;

  private final Side side;
  private final transient Phase phase;
  private final Outcome outcome;
  private final transient List<DeviceOutcome> devices;
  private final String targetOutcome;
  private final @Nullable String workloadFailure;

  /**
   * Creates the exception.
   *
   * @param side the side that reports the failure
   * @param phase the phase of that side
   * @param outcome the outcome at the source
   * @param devices the outcome of each device of the source; empty if the target reports
   * @param targetOutcome what became of the target, as text
   * @param message the whole message
   * @param cause what failed
   */
  public MigrationException(Side side, Phase phase, Outcome outcome, List<DeviceOutcome> devices,
      String targetOutcome, String message, @Nullable Throwable cause) {
    this(side, phase, outcome, devices, targetOutcome, Optional.empty(), message, cause);
  }

  /**
   * Creates the exception.
   *
   * @param side the side that reports the failure
   * @param phase the phase of that side
   * @param outcome the outcome at the source
   * @param devices the outcome of each device of the source; empty if the target reports
   * @param targetOutcome what became of the target, as text
   * @param workloadFailure why the workload did not resume although the source runs
   * @param message the whole message
   * @param cause what failed
   */
  public MigrationException(Side side, Phase phase, Outcome outcome, List<DeviceOutcome> devices,
      String targetOutcome, Optional<String> workloadFailure, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.workloadFailure = workloadFailure.orElse(null);
    this.side = side;
    this.phase = phase;
    this.outcome = outcome;
    this.devices = List.copyOf(devices);
    this.targetOutcome = targetOutcome;
  }

  /** Returns the side that reports the failure. */
  public Side side() {
    return side;
  }

  /** Returns the phase of that side when it failed. */
  public Phase phase() {
    return phase;
  }

  /** Returns the outcome at the source: the worst of all devices. */
  public Outcome outcome() {
    return outcome;
  }

  /** Returns the outcome of each device of the source, in order; empty if the target reports. */
  public List<DeviceOutcome> devices() {
    return devices;
  }

  /**
   * Returns the state of the source's device with the worst outcome; empty if it is unknown, or if the target
   * reports.
   */
  public Optional<DeviceState> sourceState() {
    return devices.stream().filter(device -> device.outcome() == outcome).findFirst()
        .flatMap(DeviceOutcome::state);
  }

  /**
   * Returns why the workload did not resume at the source and stays paused; empty if it resumed or was not
   * to.
   */
  public Optional<String> workloadFailure() {
    return Optional.ofNullable(workloadFailure);
  }

  /** Returns what became of the target, as text. */
  public String targetOutcome() {
    return targetOutcome;
  }
}
