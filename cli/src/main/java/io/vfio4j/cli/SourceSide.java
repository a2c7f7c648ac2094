// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.cli.watch.Watching;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Side;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A migration as the command at its source sees it, from its beginning to its report. */
final class SourceSide {

  private final OpenDevices sources;
  private final OtherSide target;
  private final boolean mayHold;
  private final TargetOracle oracle;
  private final Watching watching;
  private final Output output;
  private final PausedWorkload workload;

  /**
   * Makes one.
   *
   * @param workload what the move pauses and resumes, unless its devices are in neither place when it ends
   */
  SourceSide(OpenDevices sources, PausedWorkload workload, OtherSide target, boolean mayHold,
      TargetOracle oracle, Watching watching, Output output) {
    this.workload = workload;
    this.sources = sources;
    this.target = target;
    this.mayHold = mayHold;
    this.oracle = oracle;
    this.watching = watching;
    this.output = output;
  }

  /** What is to be done. */
  @FunctionalInterface
  interface Move {
    MigrationReport run(MigrationListener listener) throws MigrationException;
  }

  /**
   * Does it, and tells of it.
   *
   * @return the exit code
   * @throws CommandFailure if it failed; sources that stand still were held open before
   */
  int run(Move move) throws IOException, InterruptedException {
    MigrationReport report;
    AtomicReference<@Nullable MigrationId> session = new AtomicReference<>();
    OptionalLong expected = sources.stopCopyLength();
    try (Interrupting _ = Interrupting.onSignal();
        MigrationProgress progress = new MigrationProgress(output, Side.SOURCE, expected)) {
      report = move.run(event -> {
        if (event instanceof MigrationEvent.JournalWrite recorded) {
          session.set(recorded.migration());
        }
        progress.on(event);
        watching.on(event);
      });
    } catch (MigrationException e) {
      failed(e, Optional.ofNullable(session.get()));
      return doneLate();
    }
    watching.moved(report);
    ReportWords.lines(report).forEach(output::line);
    for (OpenDevice source : sources.list()) {
      output.line("%s is let go of when this command ends; %s.".formatted(source.name(), source.whenLetGo()));
    }
    sources.discard();
    output.result(ReportJson.of(report));
    return done(report.workloadFailure());
  }

  private int doneLate() {
    // What holds while the workload is being resumed, too.
    watching.settle(workload.isPaused() ? ExitCodes.WORKLOAD_PAUSED : ExitCodes.DONE);
    output.line("at the target run, as it says now: " + sources.names());
    int code = done(workload.resumeIfPaused(Side.TARGET));
    watching.settle(code);
    return code;
  }

  private int done(Optional<String> workloadFailure) {
    workloadFailure.ifPresent(why -> output.warning(
        "vfio4j: the devices run at the target, but their workload did not resume, and stays paused: "
            + why));
    return workloadFailure.isPresent() ? ExitCodes.WORKLOAD_PAUSED : ExitCodes.DONE;
  }

  /** Tells what a failed migration left behind; returns only if it turns out that it was done all the same. */
  private void failed(MigrationException e, Optional<MigrationId> session)
      throws CommandFailure, InterruptedException {
    CommandFailure failure = watching.failed(e,
        FailedMigration.of(e, sources.list().stream().map(OpenDevice::name).toList(), target));
    if (!StoppedSource.isLeftBy(e) || sources.isInside() || !mayHold) {
      throw failure;
    }
    Optional<HeldJournal> journal =
        e.outcome() == Outcome.UNKNOWN ? session.flatMap(oracle::held) : Optional.empty();
    switch (new StoppedSource(sources, journal, output).hold(String.valueOf(failure.getMessage()))) {
      case RUNS -> throw runsAgain(e);
      case LET_GO -> throw new CommandFailure(failure.exitCode(),
          "let go of with the state: " + sources.names(), failure.facts(), e);
      case AT_TARGET -> {
        // Done, though late.
      }
    }
  }

  private CommandFailure runsAgain(MigrationException e) {
    String words = "the migration failed; at the source runs again: " + sources.names();
    Optional<String> paused = workload.resumeIfPaused(Side.SOURCE);
    return paused
        .map(why -> new CommandFailure(ExitCodes.NEEDS_CARE,
            "%s\n  The workload did not resume and stays paused: %s".formatted(words, why), e))
        .orElseGet(() -> new CommandFailure(ExitCodes.NOT_DONE, words, e));
  }
}
