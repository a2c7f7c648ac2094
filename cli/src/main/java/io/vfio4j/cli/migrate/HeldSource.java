// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.recover.HeldSourceJournal;
import io.vfio4j.cli.recover.StoppedDevices;
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
final class HeldSource {

  private static final String RESUME = "resume";
  /** By a person who has made sure that a target which cannot be asked does not run them. */
  private static final String RESUME_FENCED = "resume --fenced";
  private static final String RELEASE = "";
  private static final long POLL_MILLIS = 1000;

  private final OpenDevices devices;
  private final Output output;
  private final BlockingQueue<String> commands = new LinkedBlockingQueue<>();
  private Optional<HeldSourceJournal> journal;

  HeldSource(OpenDevices devices, Optional<HeldSourceJournal> journal, Output output) {
    this.devices = devices;
    this.journal = journal;
    this.output = output;
  }

  /** Tells whether there is something to hold on to. */
  static boolean isNeededAfter(MigrationException e) {
    return e.outcome() == Outcome.UNKNOWN || e.outcome() == Outcome.SOURCE_STOPPED;
  }

  /** What came of the waiting. */
  enum Resolution {
    /** The devices run here again. */
    RESUMED,
    /** They run at the target, as has turned out. */
    AT_TARGET,
    /** Somebody wants them to be let go of. */
    RELEASED
  }

  /** Waits for a decision: of a person, of the target, or one that somebody puts down in the journal. */
  Resolution hold(String failure) throws InterruptedException {
    try (Termination.Registration _ = Termination.onSignal(() -> commands.add(RELEASE))) {
      announce(failure);
      readCommands();
      Optional<Resolution> ending = Optional.empty();
      while (ending.isEmpty()) {
        String word = commands.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
        ending = word == null ? pollJournal() : onCommand(word);
      }
      return ending.get();
    }
  }

  private void announce(String failure) {
    output.warning("vfio4j: " + failure);
    output.warning(
        "  This command holds the device with its state. To run it here again, write '%s' and Enter%s. SIGTERM or "
            .formatted(RESUME,
                journal.isEmpty() ? "" : ": it asks the target\n  first. If the target cannot be asked, "
                    + "and you made sure that its devices do not run, write '%s'".formatted(RESUME_FENCED))
            + "Ctrl-C lets go of it: %s.".formatted(devices.list().getFirst().stoppedReleaseEffect()));
    journal.ifPresent(held -> output.warning(
        "  It asks the target by itself, where that can be reached; 'vfio4j recover' settles migration\n  %s too."
            .formatted(held.migrationId())));
    output.result(Json.event("source-held")
        .with("devices", devices.list().stream().map(OpenDevice::name).toList()).with("resume", RESUME)
        .with("resume_fenced", journal.isPresent() ? RESUME_FENCED : null)
        .with("let_go", "SIGTERM").with("message", failure)
        .with("session", journal.map(held -> held.migrationId().toString()).orElse(null)).build());
  }

  private Optional<Resolution> onCommand(String word) {
    if (word.equals(RELEASE)) {
      return Optional.of(Resolution.RELEASED);
    }
    boolean fenced = word.strip().equals(RESUME_FENCED);
    if (!fenced && !word.strip().equals(RESUME)) {
      return Optional.empty();
    }
    try {
      if (journal.isPresent()) {
        Optional<String> objection = journal.get().recordReturn(fenced);
        if (objection.isPresent()) {
          output.warning("vfio4j: not resumed: " + objection.get());
          output.result(Json.event("not-resumed").with("message", objection.get()).build());
          return Optional.empty();
        }
        journal = Optional.empty();
      }
      return resume() ? Optional.of(Resolution.RESUMED) : Optional.empty();
    } catch (JournalException e) {
      output.warning("vfio4j: " + e.getMessage());
      return Optional.empty();
    }
  }

  private Optional<Resolution> pollJournal() {
    Optional<JournalStep> settled = journal.flatMap(HeldSourceJournal::poll);
    if (settled.isEmpty()) {
      return Optional.empty();
    }
    journal = Optional.empty();
    return switch (settled.get()) {
      case CONFIRMED -> {
        devices.discard();
        yield Optional.of(Resolution.AT_TARGET);
      }
      case RETURNED -> resume() ? Optional.of(Resolution.RESUMED) : Optional.empty();
      default -> {
        devices.discard();
        yield Optional.of(Resolution.RELEASED);
      }
    };
  }

  private boolean resume() {
    try {
      StoppedDevices.resumeAll(devices.list().stream().map(OpenDevice::device).toList());
      output.warning("vfio4j: runs at the source again: " + devices.names());
      return true;
    } catch (DeviceException e) {
      output.warning("vfio4j: " + e.getMessage());
      return false;
    }
  }

  private void readCommands() {
    Thread thread = new Thread(() -> {
      try {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          if (!line.isEmpty()) { // An empty line is not a decision.
            commands.add(line);
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
