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

/** Says what a failed migration left behind: an exit code, words, and the command that mends it. */
public final class MigrationFailureReport {

  private MigrationFailureReport() {
  }

  /**
   * Turns the engine's account into the command's.
   *
   * @param e what the engine says
   * @param here the addresses of the devices on this side
   * @param other the other side
   */
  static CommandException of(MigrationException e, List<String> here, PeerDescription other) {
    StringBuilder words = new StringBuilder("the migration failed in ").append(e.getMessage());
    Arrays.stream(e.getSuppressed()).filter(MigrationException.class::isInstance)
        .map(MigrationException.class::cast)
        .filter(later -> later.side() == Side.TARGET)
        .forEach(target -> words.append("\n  on the target, ").append(target.targetOutcome()));
    String remedy = String.join("\n  ", remedies(e, here, other));
    if (!remedy.isEmpty()) {
      words.append("\n  ").append(remedy);
    }
    var facts = Json.object().with("side", e.side().toString()).with("phase", e.phase().title())
        .with("outcome", e.outcome().name())
        .with("source_state", e.sourceState().map(Enum::name).orElse(null))
        .with("devices", e.devices(), MigrationFailureReport::json)
        .with("target_fate", e.targetOutcome()).with("remedy", remedy.isEmpty() ? null : remedy)
        .with("workload_failure", e.workloadFailure().orElse(null)).build();
    return new CommandException(exitCode(e), words.toString(), facts, e);
  }

  /** Turns the engine's account of a demonstration, whose devices end with it, into the command's. */
  public static CommandException ofDemo(MigrationException e) {
    return of(e, List.of(), PeerDescription.named("the target"));
  }

  /** Turns the engine's account of a state that could not be saved into the command's. */
  static CommandException ofSave(MigrationException e) {
    String remedy = String.join("\n  ", remedies(e, List.of(), PeerDescription.named("it")));
    String words = "the state was not saved: " + e.getMessage() + (remedy.isEmpty() ? "" : "\n  " + remedy);
    var facts = Json.object().with("phase", e.phase().title()).with("outcome", e.outcome().name())
        .with("devices", e.devices(), MigrationFailureReport::json).with("file_fate", e.targetOutcome())
        .with("remedy", remedy.isEmpty() ? null : remedy)
        .with("workload_failure", e.workloadFailure().orElse(null)).build();
    return new CommandException(exitCode(e), words, facts, e);
  }

  private static JsonObject json(DeviceOutcome fate) {
    return Json.object().with("device", fate.device()).with("outcome", fate.outcome().name())
        .with("state", fate.state().map(Enum::name).orElse(null)).build();
  }

  /** A source that runs again while what drives it stays paused is not as it was. */
  private static int exitCode(MigrationException e) {
    return e.outcome().sourceRuns() && e.workloadFailure().isEmpty() ? ExitCodes.FAILURE
        : ExitCodes.INTERVENTION_REQUIRED;
  }

  /** Returns what is to be done about each device that does not run with its state. */
  private static List<String> remedies(MigrationException e, List<String> here, PeerDescription other) {
    if (e.side() == Side.TARGET) {
      return e.outcome() == Outcome.UNKNOWN
          ? List.of(
              "find out whether it runs at the source (vfio4j recover there); vfio4j recover here tells what %s is in, and "
                  .formatted(String.join(", ", here)) + "what can be decided")
          : List.of();
    }
    return e.devices().stream().map(fate -> remedy(fate, other)).filter(text -> !text.isEmpty()).toList();
  }

  private static String remedy(DeviceOutcome fate, PeerDescription target) {
    String source = fate.device();
    String state = fate.state().map(Enum::name).orElse("an unknown state");
    return switch (fate.outcome()) {
      case UNTOUCHED, SOURCE_RUNNING -> "";
      case SOURCE_RESET -> "%s is in %s, without the state it had: set it up anew%s"
          .formatted(source, state, probeHint(source));
      case SOURCE_STOPPED ->
        "%s is in %s and has to be resumed or reset%s".formatted(source, state, probeHint(source));
      case SOURCE_QUIET ->
        "%s is in %s and waits for another device%s".formatted(source, state, probeHint(source));
      case SOURCE_STUCK ->
        "%s has not returned from a call: look after its driver or server%s".formatted(source,
            probeHint(source));
      case SOURCE_LOST -> "%s does not answer: look after its server%s".formatted(source, probeHint(source));
      case UNKNOWN -> "%s is in %s; whether the device runs at %s is not known: %s".formatted(source, state,
          target.name(), target.recoveryHint());
    };
  }

  /** Returns how to look at a device: the end of a sentence. One inside the command ends with it. */
  private static String probeHint(String device) {
    return device.startsWith(SimAddress.SCHEME) ? "" : "; see: " + SuggestedCommand.probe(device);
  }
}
