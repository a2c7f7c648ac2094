// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.recover.HeldSourceJournal;
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
 * Source devices that a failed migration has left stopped with their state. Closing them may lose the state if no server
 * keeps it, so the command stays and waits for a decision. The states are
 *
 * <ul>
 * <li><b>held</b>: waits for a command on standard input, a signal, or a record in the journal. If the target can be
 * reached, {@link HeldSourceJournal} also queries it.
 * <li>{@link Resolution#RESUMED}, {@link Resolution#AT_TARGET} or {@link Resolution#RELEASED}: final.
 * </ul>
 */
final class HeldSource {

  private static final String RESUME = "resume";
  /** The operator has ensured that a target that cannot be queried does not run the devices. */
  private static final String RESUME_FENCED = "resume --fenced";
  private static final String RELEASE = "";
  private static final long POLL_MILLIS = 1000;

  private final OpenDevices devices;
  private final Output output;
  private final BlockingQueue<String> commands = new LinkedBlockingQueue<>();
  /** Empty if there is none, or it is settled. */
  private Optional<HeldSourceJournal> journal;

  HeldSource(OpenDevices devices, Optional<HeldSourceJournal> journal, Output output) {
    this.devices = devices;
    this.journal = journal;
    this.output = output;
  }

  /** Returns whether a failed migration may have left devices stopped with their state. */
  static boolean isNeededAfter(MigrationException e) {
    return e.outcome() == Outcome.UNKNOWN || e.outcome() == Outcome.SOURCE_STOPPED;
  }

  /** The decision. */
  enum Resolution {
    /** The devices run at the source again. */
    RESUMED,
    /** The devices run at the target. */
    AT_TARGET,
    /** The devices are to be closed. */
    RELEASED
  }

  /** Waits for a decision of the operator, the target or {@code recover}, and applies it. */
  Resolution hold(String failure) throws InterruptedException {
    try (Termination.Registration _ = Termination.onSignal(() -> commands.add(RELEASE))) {
      announce(failure);
      readCommands();
      Optional<Resolution> resolution = Optional.empty();
      while (resolution.isEmpty()) {
        String command = commands.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
        resolution = command == null ? pollJournal() : onCommand(command);
      }
      return resolution.get();
    }
  }

  private void announce(String failure) {
    output.warning(failure);
    output.log(
        "  This command holds the device with its state. To run it here again, type '%s' and Enter%s. SIGTERM or "
            .formatted(RESUME,
                journal.isEmpty() ? "" : "; the target is\n  queried first. If the target cannot be queried "
                    + "and you have verified that its devices do not run, type '%s'".formatted(RESUME_FENCED))
            + "Ctrl-C closes the device: %s.".formatted(devices.list().getFirst().stoppedReleaseEffect()));
    journal.ifPresent(held -> output.log(
        "  This command also queries the target periodically, if it can be reached. Or resolve migration\n  %s with 'vfio4j recover'."
            .formatted(held.migrationId())));
    output.result(Json.event("source-held")
        .with("devices", devices.list().stream().map(OpenDevice::name).toList()).with("resume", RESUME)
        .with("resume_fenced", journal.isPresent() ? RESUME_FENCED : null)
        .with("release", "SIGTERM").with("message", failure)
        .with("migration", journal.map(held -> held.migrationId().toString()).orElse(null)).build());
  }

  private Optional<Resolution> onCommand(String command) {
    if (command.equals(RELEASE)) {
      return Optional.of(Resolution.RELEASED);
    }
    boolean fenced = command.strip().equals(RESUME_FENCED);
    if (!fenced && !command.strip().equals(RESUME)) {
      return Optional.empty();
    }
    try {
      if (journal.isPresent()) {
        Optional<String> objection = journal.get().recordReturn(fenced);
        if (objection.isPresent()) {
          output.warning("not resumed: " + objection.get());
          output.result(Json.event("not-resumed").with("message", objection.get()).build());
          return Optional.empty();
        }
        journal = Optional.empty();
      }
      return resume() ? Optional.of(Resolution.RESUMED) : Optional.empty();
    } catch (JournalException e) {
      output.warning(ErrorMessages.describe(e));
      return Optional.empty();
    }
  }

  private Optional<Resolution> pollJournal() {
    Optional<JournalStep> step = journal.flatMap(HeldSourceJournal::poll);
    if (step.isEmpty()) {
      return Optional.empty();
    }
    journal = Optional.empty();
    return switch (step.get()) {
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
      devices.resumeAll();
      output.warning("running at the source again: " + devices.names());
      return true;
    } catch (DeviceException e) {
      output.warning(ErrorMessages.describe(e));
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
        output.warning("cannot read standard input: " + e.getMessage());
      }
    }, "vfio4j-stdin");
    thread.setDaemon(true);
    thread.start();
  }
}
