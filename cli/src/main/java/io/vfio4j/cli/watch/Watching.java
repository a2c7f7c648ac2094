// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.CommandFailure;
import io.vfio4j.cli.ExitCodes;
import io.vfio4j.cli.Failures;
import io.vfio4j.cli.Output;
import io.vfio4j.cli.Termination;
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
public final class Watching implements MigrationListener, AutoCloseable {

  private final List<Watcher> watchers;
  private final Output output;
  private OptionalInt verdict = OptionalInt.empty();
  private final JfrListener jfr = new JfrListener();
  private boolean ended;

  /** What a command does while it is watched. */
  @FunctionalInterface
  public interface Watched {

    /** Does it, and returns the exit code. */
    int run() throws IOException, InterruptedException;
  }

  Watching(List<Watcher> watchers, Output output) {
    this.output = output;
    this.watchers = List.copyOf(watchers);
  }

  @Override
  public void on(MigrationEvent event) {
    jfr.on(event);
    watchers.forEach(watcher -> watcher.on(event));
  }

  /** Returns a listener after which all that watches hears of an event too. */
  public MigrationListener after(MigrationListener first) {
    return event -> {
      first.on(event);
      on(event);
    };
  }

  /**
   * Does what is watched. What fails before there was a migration that could fail is told to all that watches: not wrong
   * arguments, for then nothing was to be done.
   */
  public int tellingOf(Watched watched) throws IOException, InterruptedException {
    try {
      return watched.run();
    } catch (ParameterException e) {
      throw e;
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      if (verdict.isPresent()) {
        output.warning("vfio4j: done, but something failed afterwards: " + Failures.words(e));
        return verdict.getAsInt();
      }
      if (!ended && !(e instanceof InterruptedException)) {
        tell(watcher -> watcher.notBegun(e));
      }
      throw e;
    }
  }

  /**
   * What the command was to do is done.
   *
   * @param exitCode that of the command from now on, whatever fails
   */
  public void settle(int exitCode) {
    verdict = OptionalInt.of(exitCode);
    Termination.settle(exitCode);
  }

  private void settle(Optional<String> workloadFailure) {
    end();
    settle(workloadFailure.isPresent() ? ExitCodes.WORKLOAD_PAUSED : ExitCodes.DONE);
  }

  /** None of those that watch may harm what they watch, nor the others. */
  private void tell(Consumer<Watcher> what) {
    for (Watcher watcher : watchers) {
      try {
        what.accept(watcher);
      } catch (RuntimeException e) {
        output.warning("vfio4j: what watches this command failed: " + Failures.words(e));
      }
    }
  }

  /** The source's side is done. */
  public void moved(MigrationReport report) {
    settle(report.workloadFailure());
    tell(watcher -> watcher.moved(report));
  }

  /** The target's side is done. */
  public void received(TargetReport report) {
    settle(Optional.empty());
    tell(watcher -> watcher.received(report));
  }

  /** The state of devices has been saved to a file. */
  public void saved(SaveReport report, Path file) {
    settle(report.workloadFailure());
    tell(watcher -> watcher.saved(report, file));
  }

  /** It has not; returns what the command says. */
  public CommandFailure notSaved(MigrationException cause, CommandFailure failure) {
    end();
    tell(watcher -> watcher.notSaved(cause, failure));
    return failure;
  }

  /** Devices have been given the state that was saved to a file. */
  public void restored(RestoreReport report, Path file) {
    settle(Optional.empty());
    tell(watcher -> watcher.restored(report, file));
  }

  /** They have not; returns what the command says. */
  public CommandFailure notRestored(RestoreException cause, CommandFailure failure) {
    end();
    tell(watcher -> watcher.notRestored(cause, failure));
    return failure;
  }

  /** The migration failed; returns what the command says. */
  public CommandFailure failed(MigrationException cause, CommandFailure failure) {
    end();
    tell(watcher -> watcher.failed(cause, failure));
    return failure;
  }

  private void end() {
    ended = true;
    jfr.close();
  }

  /** Ends watching. */
  @Override
  public void close() {
    jfr.close();
    tell(Watcher::close);
  }
}
