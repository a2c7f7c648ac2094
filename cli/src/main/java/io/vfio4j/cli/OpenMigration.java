// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import com.google.gson.JsonObject;
import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.Session;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.JournalContents;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.engine.journal.JournalRecord;
import io.vfio4j.engine.journal.StateDirectory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A migration of which a journal does not say how it ended.
 *
 * @param file the journal
 * @param contents what it says
 */
record OpenMigration(JournalFile file, JournalContents contents) {

  /** Returns all of a folder; a journal whose making was cut short is none, for no device was touched. */
  static List<OpenMigration> all(StateDirectory state) throws JournalException {
    List<OpenMigration> open = new ArrayList<>();
    for (JournalFile file : state.all()) {
      Optional<JournalContents> contents = file.read();
      if (contents.isPresent() && !contents.get().isSettled()) {
        open.add(new OpenMigration(file, contents.get()));
      }
    }
    return open;
  }

  Journal.Heading heading() {
    return contents.heading();
  }

  Session session() {
    return heading().session();
  }

  JournalStep step() {
    return contents.last().step();
  }

  boolean isHeld() {
    return contents.holder().isAlive();
  }

  /** Tells whether a source gave its devices away, and does not know what became of them. */
  boolean isGiven() {
    return step() == JournalStep.GIVEN;
  }

  /** Returns how it ended if its process is gone before anything was decided; nobody has to decide then. */
  Optional<JournalStep> obviousEnd() {
    if (step() != JournalStep.PREPARED || isHeld()) {
      return Optional.empty();
    }
    return Optional.of(heading().side() == Side.SOURCE ? JournalStep.KEPT : JournalStep.REFUSED);
  }

  /** Says what it is about, what is known, and what can be done. */
  String text() {
    return "%s: %s %s (%s)%n  %s%n  %s".formatted(session(),
        heading().side() == Side.SOURCE ? "sends" : "receives", String.join(", ", heading().devices()),
        heading().peer(), known(), holder());
  }

  private String known() {
    JournalRecord last = contents.last();
    String what = switch (last.step()) {
      case GIVEN ->
        "the devices were given away, and what became of them is not known: vfio4j recover --ask ADDR";
      case MINE ->
        "the devices were taken, and whether they ever ran is not known: look at them (vfio4j probe), then "
            + "vfio4j recover --run-here or --give-up";
      default -> "it is under way";
    };
    return "since %s: %s".formatted(last.at(), what);
  }

  private String holder() {
    return isHeld()
        ? "process %d has the devices open".formatted(contents.holder().pid())
        : "the process that had the devices open is gone; what their servers made of that: vfio4j probe";
  }

  JsonObject json() {
    return Json.event("open-migration").with("session", session().toString())
        .with("side", heading().side().toString()).with("devices", heading().devices())
        .with("peer", heading().peer()).with("step", step().toString())
        .with("at", contents.last().at().toString()).with("pid", contents.holder().pid())
        .with("held", isHeld()).build();
  }
}
