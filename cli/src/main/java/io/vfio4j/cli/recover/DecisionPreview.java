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
 * What each answer of a person would do to the devices of a migration that only a person can settle, as they are now.
 *
 * @param migration which
 * @param devices its devices
 */
record DecisionPreview(JournaledMigration migration, MigrationDevices devices) {

  /** An answer and what it would do. */
  private record Choice(String option, String effect) {
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (Choice answer : choices()) {
      lines.add(
          "  %s: %s".formatted(SuggestedCommand.decide(migration.migrationId(), answer.option()),
              answer.effect()));
    }
    return lines;
  }

  JsonArray json() {
    JsonArray json = new JsonArray();
    for (Choice answer : choices()) {
      json.add(Json.object().with("answer", answer.option()).with("effect", answer.effect()).build());
    }
    return json;
  }

  private List<Choice> choices() {
    return List.of(new Choice("--run-here", isTarget() ? runAtTarget() : runAtSource()),
        new Choice("--give-up", isTarget() ? abandonAtTarget() : abandonAtSource()));
  }

  private boolean isTarget() {
    return migration.heading().side() == Side.TARGET;
  }

  private String runAtTarget() {
    String impossible = devices.names(device -> device instanceof Gone || device instanceof Unverifiable
        || isUnusable(device));
    return impossible.isEmpty()
        ? "%srecords that the devices run here; the source resets its own".formatted(describeResume())
        : "refused as it is, since all have to run here, and these cannot: " + impossible;
  }

  private String abandonAtTarget() {
    String reset = devices.names(of(device -> device.device().isResetReliable()));
    String stopped = devices.names(of(device -> !device.device().isResetReliable()));
    return refusal()
        .orElse("%s%srecords that none runs here; the source's run again, from where they were stopped"
            .formatted(
                reset.isEmpty() ? "" : "resets %s, so that what they did here is lost, and ".formatted(reset),
                stopped.isEmpty() ? ""
                    : "stops %s, whose servers are not known to reset them, and ".formatted(stopped)));
  }

  private String runAtSource() {
    return "asks the target first (--ask ADDR), and refuses if the devices run there or may; then %slets them run here"
        .formatted(describeResume());
  }

  private String abandonAtSource() {
    String there = devices.names(Reachable.class::isInstance);
    return refusal().orElse(there.isEmpty() ? "records that none is to run here"
        : "records that none is to run here, and resets %s: if the target does not run them, their state is lost"
            .formatted(there));
  }

  private Optional<String> refusal() {
    String unchecked =
        devices.names(device -> device instanceof Unverifiable || device instanceof MigratedLater);
    return unchecked.isEmpty() ? Optional.empty()
        : Optional.of("refused as it is, since these may run: " + unchecked);
  }

  private String describeResume() {
    String stopped = devices.names(of(Reachable::canResume));
    return stopped.isEmpty() ? "" : "resumes %s, and ".formatted(stopped);
  }

  private static Predicate<DeviceStatus> of(Predicate<Reachable> condition) {
    return device -> device instanceof Reachable answering && condition.test(answering);
  }

  /** Returns whether a device neither runs nor can be resumed. */
  static boolean isUnusable(DeviceStatus device) {
    return device instanceof Reachable answering && !answering.mayRun() && !answering.canResume();
  }
}
