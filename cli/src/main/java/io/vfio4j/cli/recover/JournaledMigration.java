// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.JournalContents;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.engine.journal.JournalRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A migration that a journal tells of.
 *
 * @param file the journal
 * @param contents what it says
 */
record JournaledMigration(JournalFile file, JournalContents contents) {

  Journal.Header heading() {
    return contents.header();
  }

  MigrationId migrationId() {
    return heading().migration();
  }

  JournalStep step() {
    return contents.last().step();
  }

  /** Returns when it began. */
  Instant startTime() {
    return contents.records().getFirst().at();
  }

  /** Tells whether the journal does not say how it ended. */
  boolean isOpen() {
    return !contents.isSettled();
  }

  /**
   * Tells whether its devices were given another state, or gave theirs away. One that came to nothing, or is not that far,
   * leaves them as they were.
   */
  boolean hasMovedState() {
    return switch (step()) {
      case GIVEN, CONFIRMED, ABANDONED, COMMITTED, RUNNING -> true;
      case PREPARED, KEPT, REFUSED, RETURNED -> false;
    };
  }

  boolean isHeld() {
    return contents.process().isAlive();
  }

  /** Tells whether a source gave its devices away, and does not know what became of them. */
  boolean isHandedOver() {
    return step() == JournalStep.GIVEN;
  }

  /** Returns how it ended if its process is gone before anything was decided; nobody has to decide then. */
  Optional<JournalStep> impliedOutcome() {
    if (step() != JournalStep.PREPARED || isHeld()) {
      return Optional.empty();
    }
    return Optional.of(heading().side() == Side.SOURCE ? JournalStep.KEPT : JournalStep.REFUSED);
  }

  /** Tells whether the devices run on the other side, or are to: what this side may still hold of them is old. */
  boolean isOwnedByOtherSide() {
    return switch (step()) {
      case CONFIRMED, ABANDONED, REFUSED -> true;
      case RETURNED -> heading().side() == Side.TARGET;
      case PREPARED, GIVEN, COMMITTED, KEPT, RUNNING -> false;
    };
  }

  /** Returns those of its devices that servers have. */
  List<DeviceAddress.VfioUser> servedDevices() {
    List<DeviceAddress.VfioUser> served = new ArrayList<>();
    for (String name : heading().devices()) {
      if (name.startsWith("vfio-user:")
          && DeviceAddress.parse(name) instanceof DeviceAddress.VfioUser address) {
        served.add(address);
      }
    }
    return served;
  }

  /** Says what it is about, what is known, and what can be done. */
  String description() {
    String known = "%s: %s %s (%s)%n  %s".formatted(migrationId(),
        heading().side() == Side.SOURCE ? "sends" : "receives", String.join(", ", heading().devices()),
        heading().peer(), describeLastStep());
    return isOpen() ? "%s%n  %s".formatted(known, describeHolder()) : known;
  }

  private String describeLastStep() {
    JournalRecord last = contents.last();
    String what = switch (last.step()) {
      case PREPARED -> "it is under way";
      case GIVEN ->
        "the devices were given away, and what became of them is not known: vfio4j recover --ask ADDR";
      case COMMITTED ->
        "the devices were taken, and whether they ever ran is not known: vfio4j recover %s shows each, and a person "
            .formatted(migrationId()) + "decides: --run-here or --give-up";
      case CONFIRMED, KEPT, ABANDONED, RUNNING, REFUSED, RETURNED ->
        "%s (%s)".formatted(describeOutcome(last.step()), last.reason());
    };
    return "since %s: %s".formatted(last.at(), what);
  }

  /** Says what it means that a step was the last. */
  String describeOutcome(JournalStep step) {
    boolean source = heading().side() == Side.SOURCE;
    return switch (step) {
      case CONFIRMED -> "they run at the target" + describeRelease();
      case ABANDONED -> "they are not to run here" + describeRelease();
      case KEPT -> "they were never given away";
      case REFUSED -> "they were never taken, and never will be";
      case RUNNING -> "they are the target's";
      default -> source
          ? "they are the source's again" + (isHeld()
              ? "; the process that holds them lets them run"
              : "; nobody holds them any more")
          : "they do not run here, and never will";
    };
  }

  private String describeRelease() {
    return isHeld() ? "; the process that holds them here lets go of them" : "";
  }

  private String describeHolder() {
    return isHeld()
        ? "process %d has the devices open".formatted(contents.process().pid())
        : "the process that had the devices open is gone";
  }

  /** Returns it as an event, with all that is known. */
  JsonObject json() {
    return Json.event(isOpen() ? "open-migration" : "settled-migration")
        .with("session", migrationId().toString())
        .with("side", heading().side().toString()).with("devices", heading().devices())
        .with("peer", heading().peer()).with("step", step().toString())
        .with("at", contents.last().at().toString()).with("reason", contents.last().reason())
        .with("pid", contents.process().pid()).with("held", isHeld()).build();
  }
}
