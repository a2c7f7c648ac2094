// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import com.google.gson.JsonArray;
import io.vfio4j.cli.FoundDevice.Answering;
import io.vfio4j.cli.FoundDevice.Gone;
import io.vfio4j.cli.FoundDevice.MovedOn;
import io.vfio4j.cli.FoundDevice.Unchecked;
import io.vfio4j.engine.Side;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What each answer of a person would do to the devices of a migration that only a person can settle, as they are now.
 *
 * @param migration which
 * @param found its devices
 */
record PossibleAnswers(KnownMigration migration, FoundDevices found) {

  /** An answer and what it would do. */
  private record Answer(String option, String effect) {
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (Answer answer : answers()) {
      lines.add(
          "  %s: %s".formatted(AdvisedCommand.decide(migration.session(), answer.option()), answer.effect()));
    }
    return lines;
  }

  JsonArray json() {
    JsonArray json = new JsonArray();
    for (Answer answer : answers()) {
      json.add(Json.object().with("answer", answer.option()).with("effect", answer.effect()).build());
    }
    return json;
  }

  private List<Answer> answers() {
    return List.of(new Answer("--run-here", isTarget() ? runAtTarget() : runAtSource()),
        new Answer("--give-up", isTarget() ? giveUpAtTarget() : giveUpAtSource()));
  }

  private boolean isTarget() {
    return migration.heading().side() == Side.TARGET;
  }

  private String runAtTarget() {
    String impossible = found.names(device -> device instanceof Gone || device instanceof Unchecked
        || isUnusable(device));
    return impossible.isEmpty()
        ? "%srecords that the devices run here; the source resets its own".formatted(resumes())
        : "refused as it is, since all have to run here, and these cannot: " + impossible;
  }

  private String giveUpAtTarget() {
    String reset = found.names(of(device -> device.device().isKnownToReset()));
    String stopped = found.names(of(device -> !device.device().isKnownToReset()));
    return refusal()
        .orElse("%s%srecords that none runs here; the source's run again, from where they were stopped"
            .formatted(
                reset.isEmpty() ? "" : "resets %s, so that what they did here is lost, and ".formatted(reset),
                stopped.isEmpty() ? ""
                    : "stops %s, whose servers are not known to reset them, and ".formatted(stopped)));
  }

  private String runAtSource() {
    return "asks the target first (--ask ADDR), and refuses if the devices run there or may; then %slets them run here"
        .formatted(resumes());
  }

  private String giveUpAtSource() {
    String there = found.names(Answering.class::isInstance);
    return refusal().orElse(there.isEmpty() ? "records that none is to run here"
        : "records that none is to run here, and resets %s: if the target does not run them, their state is lost"
            .formatted(there));
  }

  private Optional<String> refusal() {
    String unchecked = found.names(device -> device instanceof Unchecked || device instanceof MovedOn);
    return unchecked.isEmpty() ? Optional.empty()
        : Optional.of("refused as it is, since these may run: " + unchecked);
  }

  private String resumes() {
    String stopped = found.names(of(Answering::canResume));
    return stopped.isEmpty() ? "" : "resumes %s, and ".formatted(stopped);
  }

  private static Predicate<FoundDevice> of(Predicate<Answering> condition) {
    return device -> device instanceof Answering answering && condition.test(answering);
  }

  /** Returns whether a device neither runs nor can be resumed. */
  static boolean isUnusable(FoundDevice device) {
    return device instanceof Answering answering && !answering.mayRun() && !answering.canResume();
  }
}
