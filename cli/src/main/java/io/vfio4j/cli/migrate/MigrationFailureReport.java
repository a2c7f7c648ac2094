// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.SuggestedCommand;
import io.vfio4j.cli.device.SimAddress;
import io.vfio4j.engine.DeviceOutcome;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Side;
import java.util.Arrays;
import java.util.List;

/** Turns the failure of a migration into an exit code, a message and advice on how to recover. */
public final class MigrationFailureReport {

  private MigrationFailureReport() {
  }

  /**
   * Returns the failure of a migration.
   *
   * @param e the failure that the engine reports
   * @param localDevices the addresses of the devices on this side
   * @param peer the other side
   */
  static CommandException of(MigrationException e, List<String> localDevices, PeerDescription peer) {
    StringBuilder message = new StringBuilder("the migration failed in ").append(e.getMessage());
    Arrays.stream(e.getSuppressed()).filter(MigrationException.class::isInstance)
        .map(MigrationException.class::cast)
        .filter(later -> later.side() == Side.TARGET)
        .forEach(target -> message.append("\n  on the target, ").append(target.targetOutcome()));
    String remedy = String.join("\n  ", remedies(e, localDevices, peer));
    if (!remedy.isEmpty()) {
      message.append("\n  ").append(remedy);
    }
    JsonObject details = Json.object().with("side", e.side().toString()).with("phase", e.phase().title())
        .with("outcome", e.outcome().name())
        .with("source_state", e.sourceState().map(Enum::name).orElse(null))
        .with("devices", e.devices(), MigrationFailureReport::json)
        .with("target_outcome", e.targetOutcome()).with("remedy", remedy.isEmpty() ? null : remedy)
        .with("workload_failure", e.workloadFailure().orElse(null)).build();
    return new CommandException(exitCode(e), message.toString(), details, e);
  }

  /** Returns the failure of a demo, whose devices end with it. */
  public static CommandException ofDemo(MigrationException e) {
    return of(e, List.of(), PeerDescription.named("the target"));
  }

  /** Returns the failure to save a state. */
  static CommandException ofSave(MigrationException e) {
    String remedy = String.join("\n  ", remedies(e, List.of(), PeerDescription.named("it")));
    String message = "the state was not saved: " + e.getMessage() + (remedy.isEmpty() ? "" : "\n  " + remedy);
    JsonObject details = Json.object().with("phase", e.phase().title()).with("outcome", e.outcome().name())
        .with("devices", e.devices(), MigrationFailureReport::json).with("file_outcome", e.targetOutcome())
        .with("remedy", remedy.isEmpty() ? null : remedy)
        .with("workload_failure", e.workloadFailure().orElse(null)).build();
    return new CommandException(exitCode(e), message, details, e);
  }

  private static JsonObject json(DeviceOutcome device) {
    return Json.object().with("device", device.device()).with("outcome", device.outcome().name())
        .with("state", device.state().map(Enum::name).orElse(null)).build();
  }

  /** A source that runs again with its workload still paused requires intervention. */
  private static int exitCode(MigrationException e) {
    return e.outcome().sourceRuns() && e.workloadFailure().isEmpty() ? ExitCodes.FAILURE
        : ExitCodes.INTERVENTION_REQUIRED;
  }

  /** Returns advice for each device that does not run with its state. */
  private static List<String> remedies(MigrationException e, List<String> localDevices,
      PeerDescription peer) {
    if (e.side() == Side.TARGET) {
      return e.outcome() == Outcome.UNKNOWN
          ? List.of(
              "check at the source whether the devices run there (vfio4j recover); on this host, vfio4j recover shows the state of %s and "
                  .formatted(String.join(", ", localDevices)) + "the possible decisions")
          : List.of();
    }
    return e.devices().stream().map(device -> remedy(device, peer)).filter(text -> !text.isEmpty()).toList();
  }

  private static String remedy(DeviceOutcome device, PeerDescription target) {
    String source = device.device();
    String state = device.state().map(Enum::name).orElse("an unknown state");
    return switch (device.outcome()) {
      case UNTOUCHED, SOURCE_RUNNING -> "";
      case SOURCE_RESET -> "%s is in %s and has lost its state: set it up again%s"
          .formatted(source, state, probeHint(source));
      case SOURCE_STOPPED ->
        "%s is in %s and must be resumed or reset%s".formatted(source, state, probeHint(source));
      case SOURCE_QUIET ->
        "%s is in %s and waits for another device%s".formatted(source, state, probeHint(source));
      case SOURCE_STUCK ->
        "a call to %s has not returned: check its driver or server%s".formatted(source,
            probeHint(source));
      case SOURCE_LOST -> "%s does not respond: check its server%s".formatted(source, probeHint(source));
      case UNKNOWN -> "%s is in %s; whether the device runs at %s is unknown: %s".formatted(source, state,
          target.name(), target.recoveryHint());
    };
  }

  /** Returns a clause with the command that shows a device; empty for one in this process. */
  private static String probeHint(String device) {
    return device.startsWith(SimAddress.SCHEME) ? "" : "; see: " + SuggestedCommand.probe(device);
  }
}
