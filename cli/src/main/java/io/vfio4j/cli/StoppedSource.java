// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.Outcome;
import io.vfio4j.model.DeviceException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A source that stands still with its state after a migration that failed. To let go of it may be its end, where no
 * server keeps it. So the command stays, and a person who has looked at the target decides.
 */
final class StoppedSource {

  private static final String RESUME = "resume";
  /** By a person who has made sure that a target which cannot be asked does not run them. */
  private static final String RESUME_FENCED = "resume --fenced";
  private static final String LET_GO = "";
  private static final long LOOK_MILLIS = 1000;

  private final OpenDevices devices;
  private final Output output;
  private final BlockingQueue<String> words = new LinkedBlockingQueue<>();
  private Optional<HeldJournal> journal;

  StoppedSource(OpenDevices devices, Optional<HeldJournal> journal, Output output) {
    this.devices = devices;
    this.journal = journal;
    this.output = output;
  }

  /** Tells whether there is something to hold on to. */
  static boolean isLeftBy(MigrationException e) {
    return e.outcome() == Outcome.UNKNOWN || e.outcome() == Outcome.SOURCE_STOPPED;
  }

  /** What came of the waiting. */
  enum Ending {
    /** The devices run here again. */
    RUNS,
    /** They run at the target, as has turned out. */
    AT_TARGET,
    /** Somebody wants them to be let go of. */
    LET_GO
  }

  /** Waits for a decision: of a person, of the target, or one that somebody puts down in the journal. */
  Ending hold(String failure) throws InterruptedException {
    try (Termination.Registration _ = Termination.onSignal(() -> words.add(LET_GO))) {
      tell(failure);
      listen();
      Optional<Ending> ending = Optional.empty();
      while (ending.isEmpty()) {
        String word = words.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        ending = word == null ? look() : hear(word);
      }
      return ending.get();
    }
  }

  private void tell(String failure) {
    output.warning("vfio4j: " + failure);
    output.warning(
        "  This command holds the device with its state. To run it here again, write '%s' and Enter%s. SIGTERM or "
            .formatted(RESUME,
                journal.isEmpty() ? "" : ": it asks the target\n  first. If the target cannot be asked, "
                    + "and you made sure that its devices do not run, write '%s'".formatted(RESUME_FENCED))
            + "Ctrl-C lets go of it: %s.".formatted(devices.list().getFirst().whenLeft()));
    journal.ifPresent(held -> output.warning(
        "  It asks the target by itself, where that can be reached; 'vfio4j recover' settles migration\n  %s too."
            .formatted(held.session())));
    output.result(Json.event("source-held")
        .with("devices", devices.list().stream().map(OpenDevice::name).toList()).with("resume", RESUME)
        .with("resume_fenced", journal.isPresent() ? RESUME_FENCED : null)
        .with("let_go", "SIGTERM").with("message", failure)
        .with("session", journal.map(held -> held.session().toString()).orElse(null)).build());
  }

  private Optional<Ending> hear(String word) {
    if (word.equals(LET_GO)) {
      return Optional.of(Ending.LET_GO);
    }
    boolean fenced = word.strip().equals(RESUME_FENCED);
    if (!fenced && !word.strip().equals(RESUME)) {
      return Optional.empty();
    }
    try {
      if (journal.isPresent()) {
        Optional<String> objection = journal.get().takeBack(fenced);
        if (objection.isPresent()) {
          output.warning("vfio4j: not resumed: " + objection.get());
          output.result(Json.event("not-resumed").with("message", objection.get()).build());
          return Optional.empty();
        }
        journal = Optional.empty();
      }
      return resume() ? Optional.of(Ending.RUNS) : Optional.empty();
    } catch (JournalException e) {
      output.warning("vfio4j: " + e.getMessage());
      return Optional.empty();
    }
  }

  private Optional<Ending> look() {
    Optional<JournalStep> settled = journal.flatMap(HeldJournal::look);
    if (settled.isEmpty()) {
      return Optional.empty();
    }
    journal = Optional.empty();
    return switch (settled.get()) {
      case CONFIRMED -> {
        devices.discard();
        yield Optional.of(Ending.AT_TARGET);
      }
      case RETURNED -> resume() ? Optional.of(Ending.RUNS) : Optional.empty();
      default -> {
        devices.discard();
        yield Optional.of(Ending.LET_GO);
      }
    };
  }

  private boolean resume() {
    try {
      LeftDevices.run(devices.list().stream().map(OpenDevice::device).toList());
      output.warning("vfio4j: runs at the source again: " + devices.names());
      return true;
    } catch (DeviceException e) {
      output.warning("vfio4j: " + e.getMessage());
      return false;
    }
  }

  private void listen() {
    Thread thread = new Thread(() -> {
      try {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          if (!line.isEmpty()) { // An empty line is not a decision.
            words.add(line);
          }
        }
      } catch (IOException e) {
        output.warning("vfio4j: the standard input: " + e.getMessage());
      }
    }, "vfio4j-stdin");
    thread.setDaemon(true);
    thread.start();
  }
}
