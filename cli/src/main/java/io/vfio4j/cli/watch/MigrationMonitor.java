// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.cli.report.ReportExitCode;
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
import java.util.OptionalInt;
import java.util.function.Consumer;
import picocli.CommandLine.ParameterException;

/**
 * Distributes the events and the result of a command's migration to its watchers, and holds the exit code. The states are
 *
 * <ul>
 * <li><b>running</b>: from the start; a failure is reported as not started.
 * <li><b>ended</b>: a result or failure was reported.
 * <li><b>committed</b>: the exit code is set ({@link #commitExitCode}). It says which side owns the devices, and no later
 * failure changes it.
 * </ul>
 * Events come from the threads of the migration; the other methods are called by the thread of the command.
 */
public final class MigrationMonitor implements MigrationListener, AutoCloseable {

  private final List<Watcher> watchers;
  private final Output output;
  private OptionalInt committedExitCode = OptionalInt.empty();
  private final JfrListener jfr = new JfrListener();
  private boolean ended;

  /** The work of a command that is watched. */
  @FunctionalInterface
  public interface MonitoredTask {

    /** Runs the task and returns the exit code. */
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

  /** Returns a listener that passes each event to another one and then to the watchers. */
  public MigrationListener notifyAfter(MigrationListener first) {
    return event -> {
      first.on(event);
      on(event);
    };
  }

  /**
   * Runs a task. A failure before a result or failure of the migration is reported to the watchers as not started, except
   * for wrong arguments.
   */
  public int run(MonitoredTask task) throws IOException, InterruptedException {
    try {
      return task.run();
    } catch (ParameterException e) {
      throw e;
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      if (committedExitCode.isPresent()) {
        output.warning("done, but a later step failed: " + ErrorMessages.describe(e));
        return committedExitCode.getAsInt();
      }
      if (!ended && !(e instanceof InterruptedException)) {
        notifyWatchers(watcher -> watcher.onNotStarted(e));
      }
      throw e;
    }
  }

  /**
   * Records that the work of the command is done.
   *
   * @param exitCode the exit code of the command from now on, even if a later step fails
   */
  public void commitExitCode(int exitCode) {
    committedExitCode = OptionalInt.of(exitCode);
    Termination.commitExitCode(exitCode);
  }

  private void endWith(int exitCode) {
    endRecording();
    commitExitCode(exitCode);
  }

  /** Calls each watcher. One that fails affects neither the migration nor the others. */
  private void notifyWatchers(Consumer<Watcher> notification) {
    for (Watcher watcher : watchers) {
      try {
        notification.accept(watcher);
      } catch (RuntimeException e) {
        output.warning("reporting failed: " + ErrorMessages.describe(e));
      }
    }
  }

  /** Reports that the source has completed the migration. */
  public void onMigrated(MigrationReport report) {
    endWith(ReportExitCode.of(report));
    notifyWatchers(watcher -> watcher.onMigrated(report));
  }

  /** Reports that the target has completed the migration. */
  public void onReceived(TargetReport report) {
    endWith(ExitCodes.SUCCESS);
    notifyWatchers(watcher -> watcher.onReceived(report));
  }

  /** Reports that the state of the devices was saved. */
  public void onSaved(SaveReport report, Path file) {
    endWith(ReportExitCode.of(report.workloadFailure()));
    notifyWatchers(watcher -> watcher.onSaved(report, file));
  }

  /** Reports that saving failed; returns the failure. */
  public CommandException onSaveFailed(MigrationException cause, CommandException failure) {
    return end(failure, watcher -> watcher.onSaveFailed(cause, failure));
  }

  /** Reports that a saved state was restored. */
  public void onRestored(RestoreReport report, Path file) {
    endWith(ExitCodes.SUCCESS);
    notifyWatchers(watcher -> watcher.onRestored(report, file));
  }

  /** Reports that restoring failed; returns the failure. */
  public CommandException onRestoreFailed(RestoreException cause, CommandException failure) {
    return end(failure, watcher -> watcher.onRestoreFailed(cause, failure));
  }

  /** Reports that the migration failed; returns the failure. */
  public CommandException onFailed(MigrationException cause, CommandException failure) {
    return end(failure, watcher -> watcher.onFailed(cause, failure));
  }

  private CommandException end(CommandException failure, Consumer<Watcher> notification) {
    endRecording();
    notifyWatchers(notification);
    return failure;
  }

  private void endRecording() {
    ended = true;
    jfr.close();
  }

  @Override
  public void close() {
    jfr.close();
    notifyWatchers(Watcher::close);
  }
}
