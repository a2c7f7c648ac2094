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
   * What a failed migration left behind.
   *
   * @param source the outcome at the source, the worst of all devices
   * @param devices the outcome of each device of the source; empty if the target reports
   * @param target what became of the target, as text
   * @param workloadFailure why the workload did not resume although the source runs; empty if it resumed or was not to
   */
  public record Outcomes(Outcome source, List<DeviceOutcome> devices, String target,
      Optional<String> workloadFailure) {

    /** Copies the list. */
    public Outcomes {
      devices = List.copyOf(devices);
    }

    /** Returns the outcomes of a failure without a report of each device and without a workload. */
    public static Outcomes of(Outcome source, String target) {
      return new Outcomes(source, List.of(), target, Optional.empty());
    }
  }

  /**
   * Creates the exception.
   *
   * @param side the side that reports the failure
   * @param phase the phase of that side
   * @param outcomes what it left behind
   * @param message the whole message
   * @param cause what failed
   */
  public MigrationException(Side side, Phase phase, Outcomes outcomes, String message,
      @Nullable Throwable cause) {
    super(message, cause);
    this.side = side;
    this.phase = phase;
    this.outcome = outcomes.source();
    this.devices = outcomes.devices();
    this.targetOutcome = outcomes.target();
    this.workloadFailure = outcomes.workloadFailure().orElse(null);
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
