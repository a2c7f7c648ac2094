// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A migration failed. The message says what failed, where the devices are now, and what can be done; the
 * cause is the original error, and what went wrong while putting things in order is suppressed in it.
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
   * Makes an exception.
   *
   * @param side who tells
   * @param phase where that side was
   * @param outcome what became of the source
   * @param devices what became of each device of the source; empty where the target's side tells
   * @param targetFate what became of the target, for people
   * @param message the whole text
   * @param cause what failed
   */
  public MigrationException(Side side, Phase phase, Outcome outcome, List<DeviceOutcome> devices,
      String targetFate, String message, @Nullable Throwable cause) {
    this(side, phase, outcome, devices, targetFate, Optional.empty(), message, cause);
  }

  /**
   * Makes an exception.
   *
   * @param side who tells
   * @param phase where that side was
   * @param outcome what became of the source
   * @param devices what became of each device of the source; empty where the target's side tells
   * @param targetFate what became of the target, for people
   * @param workloadFailure why the workload did not resume, though the source runs
   * @param message the whole text
   * @param cause what failed
   */
  public MigrationException(Side side, Phase phase, Outcome outcome, List<DeviceOutcome> devices,
      String targetFate, Optional<String> workloadFailure, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.workloadFailure = workloadFailure.orElse(null);
    this.side = side;
    this.phase = phase;
    this.outcome = outcome;
    this.devices = List.copyOf(devices);
    this.targetOutcome = targetFate;
  }

  /** Returns the side that tells. */
  public Side side() {
    return side;
  }

  /** Returns the phase in which that side was when it failed. */
  public Phase phase() {
    return phase;
  }

  /** Returns what became of the source: of the device that fared worst. */
  public Outcome outcome() {
    return outcome;
  }

  /** Returns what became of each device of the source, in their order; empty where the target's side tells. */
  public List<DeviceOutcome> devices() {
    return devices;
  }

  /**
   * Returns where that device of the source is which fared worst; empty where nobody can tell, or where the target's
   * side tells.
   */
  public Optional<DeviceState> sourceState() {
    return devices.stream().filter(device -> device.outcome() == outcome).findFirst()
        .flatMap(DeviceOutcome::state);
  }

  /** Returns why the workload did not resume at the source, and so stays paused; empty if it did, or was not to. */
  public Optional<String> workloadFailure() {
    return Optional.ofNullable(workloadFailure);
  }

  /** Returns what became of the target, for people. */
  public String targetOutcome() {
    return targetOutcome;
  }
}
