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
 * A migration in a journal. Its state is the last record of the journal: open after PREPARED, GIVEN or COMMITTED, settled
 * after any other.
 *
 * @param file the journal
 * @param contents its contents
 */
record JournaledMigration(JournalFile file, JournalContents contents) {

  Journal.Header header() {
    return contents.header();
  }

  MigrationId migrationId() {
    return header().migration();
  }

  JournalStep step() {
    return contents.last().step();
  }

  Instant startTime() {
    return contents.records().getFirst().at();
  }

  /** Returns whether its outcome is not recorded. */
  boolean isOpen() {
    return !contents.isSettled();
  }

  /**
   * Returns whether it moved the state of its devices. A migration that failed or has not come to the handover left them as
   * they were.
   */
  boolean hasMovedState() {
    return switch (step()) {
      case GIVEN, CONFIRMED, ABANDONED, COMMITTED, RUNNING -> true;
      case PREPARED, KEPT, REFUSED, RETURNED -> false;
    };
  }

  /** Returns whether its process still runs, and holds the devices. */
  boolean isHeld() {
    return contents.process().isAlive();
  }

  /** Returns whether a source has handed over its devices and does not know the outcome. */
  boolean isHandedOver() {
    return step() == JournalStep.GIVEN;
  }

  /** Returns the outcome if the process ended before the handover, so that no decision is needed. */
  Optional<JournalStep> impliedOutcome() {
    if (step() != JournalStep.PREPARED || isHeld()) {
      return Optional.empty();
    }
    return Optional.of(header().side() == Side.SOURCE ? JournalStep.KEPT : JournalStep.REFUSED);
  }

  /** Returns whether the other side owns the devices, so that a state that this side still holds is stale. */
  boolean isOwnedByOtherSide() {
    return switch (step()) {
      case CONFIRMED, ABANDONED, REFUSED -> true;
      case RETURNED -> header().side() == Side.TARGET;
      case PREPARED, GIVEN, COMMITTED, KEPT, RUNNING -> false;
    };
  }

  /** Returns its devices that are in a server, which keeps them when a command ends. */
  List<DeviceAddress> servedDevices() {
    List<DeviceAddress> served = new ArrayList<>();
    for (String name : header().devices()) {
      if (name.startsWith("vfio-user:") || name.startsWith("control:")) {
        served.add(DeviceAddress.parse(name));
      }
    }
    return served;
  }

  /** Returns the migration, its last record, and what can be done, in two or three lines. */
  String description() {
    String text = "%s: %s %s (%s)%n  %s".formatted(migrationId(),
        header().side() == Side.SOURCE ? "sends" : "receives", String.join(", ", header().devices()),
        header().peer(), describeLastStep());
    return isOpen() ? "%s%n  %s".formatted(text, describeHolder()) : text;
  }

  private String describeLastStep() {
    JournalRecord last = contents.last();
    String status = switch (last.step()) {
      case PREPARED -> "in progress";
      case GIVEN ->
        "the devices were handed over, and the outcome is unknown: query the target with vfio4j recover --ask ADDR";
      case COMMITTED ->
        "the devices were accepted, but it is unknown whether they ran: check them with vfio4j recover %s, "
            .formatted(migrationId()) + "then decide with --run-here or --abandon";
      case CONFIRMED, KEPT, ABANDONED, RUNNING, REFUSED, RETURNED ->
        "%s (%s)".formatted(describeOutcome(last.step()), last.reason());
    };
    return "since %s: %s".formatted(last.at(), status);
  }

  /** Returns what a settling record means for the devices. */
  String describeOutcome(JournalStep step) {
    boolean isSource = header().side() == Side.SOURCE;
    return switch (step) {
      case CONFIRMED -> "they run at the target" + describeRelease();
      case ABANDONED -> "they must not run here" + describeRelease();
      case KEPT -> "they were never handed over";
      case REFUSED -> "they were never accepted, and never will be";
      case RUNNING -> "the target owns them";
      default -> isSource
          ? "the source owns them again" + (isHeld()
              ? "; the process that holds them resumes them"
              : "; no process holds them")
          : "they do not run here, and never will";
    };
  }

  private String describeRelease() {
    return isHeld() ? "; the process that holds them here closes them" : "";
  }

  private String describeHolder() {
    return isHeld()
        ? "process %d has the devices open".formatted(contents.process().pid())
        : "the process that had the devices open has ended";
  }

  /** Returns the event {@code open-migration} or {@code settled-migration}. */
  JsonObject json() {
    return Json.event(isOpen() ? "open-migration" : "settled-migration")
        .with("migration", migrationId().toString())
        .with("side", header().side().toString()).with("devices", header().devices())
        .with("peer", header().peer()).with("step", step().toString())
        .with("at", contents.last().at().toString()).with("reason", contents.last().reason())
        .with("pid", contents.process().pid()).with("held", isHeld()).build();
  }
}
