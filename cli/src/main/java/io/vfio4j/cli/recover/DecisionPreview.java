// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import com.google.gson.JsonArray;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.SuggestedCommand;
import io.vfio4j.cli.recover.DeviceStatus.Gone;
import io.vfio4j.cli.recover.DeviceStatus.MigratedLater;
import io.vfio4j.cli.recover.DeviceStatus.Reachable;
import io.vfio4j.cli.recover.DeviceStatus.Unverifiable;
import io.vfio4j.engine.Side;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The effect of each decision that an operator can make about an open migration, given the current state of its devices.
 *
 * @param migration the migration
 * @param devices its devices
 */
record DecisionPreview(JournaledMigration migration, MigrationDevices devices) {

  /** A decision and its effect. */
  private record Choice(String option, String effect) {
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (Choice choice : choices()) {
      lines.add("  %s: %s".formatted(SuggestedCommand.decide(migration.migrationId(), choice.option()),
          choice.effect()));
    }
    return lines;
  }

  JsonArray json() {
    JsonArray json = new JsonArray();
    for (Choice choice : choices()) {
      json.add(Json.object().with("option", choice.option()).with("effect", choice.effect()).build());
    }
    return json;
  }

  private List<Choice> choices() {
    return List.of(new Choice("--run-here", isTarget() ? runAtTarget() : runAtSource()),
        new Choice("--abandon", isTarget() ? abandonAtTarget() : abandonAtSource()));
  }

  private boolean isTarget() {
    return migration.header().side() == Side.TARGET;
  }

  private String runAtTarget() {
    String impossible = devices.names(device -> device instanceof Gone || device instanceof Unverifiable
        || isUnusable(device));
    return impossible.isEmpty()
        ? "%srecords that the devices run here; the source resets its devices".formatted(describeResume())
        : "refused: all devices must run here, and these cannot: " + impossible;
  }

  private String abandonAtTarget() {
    String reset = devices.names(of(device -> device.device().isResetReliable()));
    String stopped = devices.names(of(device -> !device.device().isResetReliable()));
    return refusal()
        .orElse(
            "%s%srecords that no device runs here; the source devices resume with the state in which they stopped"
                .formatted(
                    reset.isEmpty() ? "" : "resets %s (their progress here is lost) and ".formatted(reset),
                    stopped.isEmpty() ? ""
                        : "stops %s (their servers are not known to reset them) and ".formatted(stopped)));
  }

  private String runAtSource() {
    return "queries the target first (--ask ADDR), and is refused if the devices run there or may run there; then %sruns them here"
        .formatted(describeResume());
  }

  private String abandonAtSource() {
    String reachable = devices.names(Reachable.class::isInstance);
    return refusal().orElse(reachable.isEmpty() ? "records that the devices must not run here"
        : "records that the devices must not run here, and resets %s: if the target does not run them, their state is lost"
            .formatted(reachable));
  }

  private Optional<String> refusal() {
    String unverifiable =
        devices.names(device -> device instanceof Unverifiable || device instanceof MigratedLater);
    return unverifiable.isEmpty() ? Optional.empty()
        : Optional.of("refused: these devices may be running: " + unverifiable);
  }

  private String describeResume() {
    String stopped = devices.names(of(Reachable::canResume));
    return stopped.isEmpty() ? "" : "resumes %s and ".formatted(stopped);
  }

  private static Predicate<DeviceStatus> of(Predicate<Reachable> condition) {
    return device -> device instanceof Reachable reachable && condition.test(reachable);
  }

  /** Returns whether a device neither runs nor can be resumed. */
  static boolean isUnusable(DeviceStatus device) {
    return device instanceof Reachable reachable && !reachable.mayRun() && !reachable.canResume();
  }
}
