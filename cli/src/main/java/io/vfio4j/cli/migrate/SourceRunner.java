// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.SignalInterrupt;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.recover.HeldSourceJournal;
import io.vfio4j.cli.recover.OwnershipResolver;
import io.vfio4j.cli.report.MigrationProgress;
import io.vfio4j.cli.report.ReportJson;
import io.vfio4j.cli.report.ReportText;
import io.vfio4j.cli.watch.MigrationMonitor;
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
final class SourceRunner {

  private final OpenDevices sources;
  private final PeerDescription target;
  private final boolean isHoldingAllowed;
  private final OwnershipResolver resolver;
  private final MigrationMonitor monitor;
  private final Output output;
  private final PauseTrackingWorkload workload;

  /**
   * Makes one.
   *
   * @param workload what the move pauses and resumes, unless its devices are in neither place when it ends
   */
  SourceRunner(OpenDevices sources, PauseTrackingWorkload workload, PeerDescription target, boolean mayHold,
      OwnershipResolver oracle, MigrationMonitor watching, Output output) {
    this.workload = workload;
    this.sources = sources;
    this.target = target;
    this.isHoldingAllowed = mayHold;
    this.resolver = oracle;
    this.monitor = watching;
    this.output = output;
  }

  /** What is to be done. */
  @FunctionalInterface
  interface MigrationCall {
    MigrationReport run(MigrationListener listener) throws MigrationException;
  }

  /**
   * Does it, and tells of it.
   *
   * @return the exit code
   * @throws CommandException if it failed; sources that stand still were held open before
   */
  int run(MigrationCall move) throws IOException, InterruptedException {
    MigrationReport report;
    AtomicReference<@Nullable MigrationId> session = new AtomicReference<>();
    OptionalLong expected = sources.stopCopyLength();
    try (SignalInterrupt _ = SignalInterrupt.install();
        MigrationProgress progress = new MigrationProgress(output, Side.SOURCE, expected)) {
      report = move.run(event -> {
        if (event instanceof MigrationEvent.JournalWrite recorded) {
          session.set(recorded.migration());
        }
        progress.on(event);
        monitor.on(event);
      });
    } catch (MigrationException e) {
      handleFailure(e, Optional.ofNullable(session.get()));
      return completeLate();
    }
    monitor.onMigrated(report);
    ReportText.lines(report).forEach(output::line);
    for (OpenDevice source : sources.list()) {
      output.line(
          "%s is let go of when this command ends; %s.".formatted(source.name(), source.releaseEffect()));
    }
    sources.discard();
    output.result(ReportJson.of(report));
    return exitCode(report.workloadFailure());
  }

  private int completeLate() {
    // What holds while the workload is being resumed, too.
    monitor.commitExitCode(workload.isPaused() ? ExitCodes.WORKLOAD_PAUSED : ExitCodes.SUCCESS);
    output.line("at the target run, as it says now: " + sources.names());
    int code = exitCode(workload.resumeIfPaused(Side.TARGET));
    monitor.commitExitCode(code);
    return code;
  }

  private int exitCode(Optional<String> workloadFailure) {
    workloadFailure.ifPresent(why -> output.warning(
        "vfio4j: the devices run at the target, but their workload did not resume, and stays paused: "
            + why));
    return workloadFailure.isPresent() ? ExitCodes.WORKLOAD_PAUSED : ExitCodes.SUCCESS;
  }

  /** Tells what a failed migration left behind; returns only if it turns out that it was done all the same. */
  private void handleFailure(MigrationException e, Optional<MigrationId> session)
      throws CommandException, InterruptedException {
    CommandException failure = monitor.onFailed(e,
        MigrationFailureReport.of(e, sources.list().stream().map(OpenDevice::name).toList(), target));
    if (!HeldSource.isNeededAfter(e) || sources.isInProcess() || !isHoldingAllowed) {
      throw failure;
    }
    Optional<HeldSourceJournal> journal =
        e.outcome() == Outcome.UNKNOWN ? session.flatMap(resolver::heldSourceJournal) : Optional.empty();
    switch (new HeldSource(sources, journal, output).hold(String.valueOf(failure.getMessage()))) {
      case RESUMED -> throw resumedFailure(e);
      case RELEASED -> throw new CommandException(failure.exitCode(),
          "let go of with the state: " + sources.names(), failure.details(), e);
      case AT_TARGET -> {
        // Done, though late.
      }
    }
  }

  private CommandException resumedFailure(MigrationException e) {
    String words = "the migration failed; at the source runs again: " + sources.names();
    Optional<String> paused = workload.resumeIfPaused(Side.SOURCE);
    return paused
        .map(why -> new CommandException(ExitCodes.INTERVENTION_REQUIRED,
            "%s\n  The workload did not resume and stays paused: %s".formatted(words, why), e))
        .orElseGet(() -> new CommandException(ExitCodes.FAILURE, words, e));
  }
}
