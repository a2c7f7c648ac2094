// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.file.RestoreException;
import io.vfio4j.engine.file.RestoreReport;
import io.vfio4j.engine.file.SaveReport;
import io.vfio4j.jfr.JfrListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import picocli.CommandLine.ParameterException;

/**
 * All that watches the migration of a command, until the command ends, and its verdict: once a migration is done, nothing
 * that fails afterwards changes the exit code, which says who has the devices.
 */
public final class MigrationMonitor implements MigrationListener, AutoCloseable {

  private final List<Watcher> watchers;
  private final Output output;
  private OptionalInt committedExitCode = OptionalInt.empty();
  private final JfrListener jfr = new JfrListener();
  private boolean ended;

  /** What a command does while it is watched. */
  @FunctionalInterface
  public interface MonitoredTask {

    /** Does it, and returns the exit code. */
    int run() throws IOException, InterruptedException;
  }

  MigrationMonitor(List<Watcher> watchers, Output output) {
    this.output = output;
    this.watchers = List.copyOf(watchers);
  }

  @Override
  public void on(MigrationEvent event) {
    jfr.on(event);
    watchers.forEach(watcher -> watcher.on(event));
  }

  /** Returns a listener after which all that watches hears of an event too. */
  public MigrationListener notifyAfter(MigrationListener first) {
    return event -> {
      first.on(event);
      on(event);
    };
  }

  /**
   * Does what is watched. What fails before there was a migration that could fail is told to all that watches: not wrong
   * arguments, for then nothing was to be done.
   */
  public int run(MonitoredTask watched) throws IOException, InterruptedException {
    try {
      return watched.run();
    } catch (ParameterException e) {
      throw e;
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      if (committedExitCode.isPresent()) {
        output.warning("vfio4j: done, but something failed afterwards: " + ErrorMessages.describe(e));
        return committedExitCode.getAsInt();
      }
      if (!ended && !(e instanceof InterruptedException)) {
        notifyWatchers(watcher -> watcher.onNotStarted(e));
      }
      throw e;
    }
  }

  /**
   * What the command was to do is done.
   *
   * @param exitCode that of the command from now on, whatever fails
   */
  public void commitExitCode(int exitCode) {
    committedExitCode = OptionalInt.of(exitCode);
    Termination.commitExitCode(exitCode);
  }

  private void commitExitCode(Optional<String> workloadFailure) {
    endRecording();
    commitExitCode(workloadFailure.isPresent() ? ExitCodes.WORKLOAD_PAUSED : ExitCodes.SUCCESS);
  }

  /** None of those that watch may harm what they watch, nor the others. */
  private void notifyWatchers(Consumer<Watcher> what) {
    for (Watcher watcher : watchers) {
      try {
        what.accept(watcher);
      } catch (RuntimeException e) {
        output.warning("vfio4j: what watches this command failed: " + ErrorMessages.describe(e));
      }
    }
  }

  /** The source's side is done. */
  public void onMigrated(MigrationReport report) {
    commitExitCode(report.workloadFailure());
    notifyWatchers(watcher -> watcher.onMigrated(report));
  }

  /** The target's side is done. */
  public void onReceived(TargetReport report) {
    commitExitCode(Optional.empty());
    notifyWatchers(watcher -> watcher.onReceived(report));
  }

  /** The state of devices has been saved to a file. */
  public void onSaved(SaveReport report, Path file) {
    commitExitCode(report.workloadFailure());
    notifyWatchers(watcher -> watcher.onSaved(report, file));
  }

  /** It has not; returns what the command says. */
  public CommandException onSaveFailed(MigrationException cause, CommandException failure) {
    endRecording();
    notifyWatchers(watcher -> watcher.onSaveFailed(cause, failure));
    return failure;
  }

  /** Devices have been given the state that was saved to a file. */
  public void onRestored(RestoreReport report, Path file) {
    commitExitCode(Optional.empty());
    notifyWatchers(watcher -> watcher.onRestored(report, file));
  }

  /** They have not; returns what the command says. */
  public CommandException onRestoreFailed(RestoreException cause, CommandException failure) {
    endRecording();
    notifyWatchers(watcher -> watcher.onRestoreFailed(cause, failure));
    return failure;
  }

  /** The migration failed; returns what the command says. */
  public CommandException onFailed(MigrationException cause, CommandException failure) {
    endRecording();
    notifyWatchers(watcher -> watcher.onFailed(cause, failure));
    return failure;
  }

  private void endRecording() {
    ended = true;
    jfr.close();
  }

  /** Ends watching. */
  @Override
  public void close() {
    jfr.close();
    notifyWatchers(Watcher::close);
  }
}
