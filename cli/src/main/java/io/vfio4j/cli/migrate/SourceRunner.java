// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.SignalInterrupt;
import io.vfio4j.cli.base.SuggestedCommand;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.recover.HeldSourceJournal;
import io.vfio4j.cli.recover.OwnershipResolver;
import io.vfio4j.cli.report.MigrationProgress;
import io.vfio4j.cli.report.ReportExitCode;
import io.vfio4j.cli.report.ReportJson;
import io.vfio4j.cli.report.ReportText;
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
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Runs a migration at the source, reports it, and holds the devices if they are left stopped. */
final class SourceRunner {

  private final CommandContext context;
  private final SourceInputs source;
  private final TargetInputs target;

  SourceRunner(CommandContext context, SourceInputs source, TargetInputs target) {
    this.context = context;
    this.source = source;
    this.target = target;
  }

  /**
   * The source.
   *
   * @param devices its devices
   * @param workload the workload, which stays paused if no device runs when the migration ends
   * @param isHoldingAllowed whether the command may stay to hold devices that are left stopped
   */
  record SourceInputs(OpenDevices devices, PauseTrackingWorkload workload, boolean isHoldingAllowed) {
  }

  /**
   * The target.
   *
   * @param description what messages call it
   * @param resolver queries it for the owner of the devices
   */
  record TargetInputs(PeerDescription description, OwnershipResolver resolver) {
  }

  /** The migration itself. */
  @FunctionalInterface
  interface MigrationCall {
    MigrationReport run(MigrationListener listener) throws MigrationException;
  }

  /**
   * Runs a migration.
   *
   * @return the exit code
   * @throws CommandException if it failed; devices that were left stopped have been held before
   */
  int run(MigrationCall migration) throws IOException, InterruptedException {
    MigrationReport report;
    AtomicReference<@Nullable MigrationId> id = new AtomicReference<>();
    OptionalLong expected = source.devices().stopCopyLength();
    try (SignalInterrupt _ = SignalInterrupt.install();
        MigrationProgress progress = new MigrationProgress(context.output(), Side.SOURCE, expected)) {
      report = migration.run(event -> {
        if (event instanceof MigrationEvent.JournalWrite written) {
          id.set(written.migration());
        }
        progress.on(event);
        context.monitor().on(event);
      });
    } catch (MigrationException e) {
      handleFailure(e, Optional.ofNullable(id.get()));
      return completeLate();
    }
    context.monitor().onMigrated(report);
    ReportText.lines(report).forEach(context.output()::line);
    for (OpenDevice device : source.devices().list()) {
      context.output().line(device.migratedEffect());
    }
    source.devices().discard();
    context.output().result(ReportJson.of(report));
    report.workloadFailure().ifPresent(this::warnPaused);
    report.releaseFailure().ifPresent(this::warnUnreleased);
    return ReportExitCode.of(report);
  }

  private int completeLate() {
    // Also valid while the workload is being resumed.
    context.monitor()
        .commitExitCode(source.workload().isPaused() ? ExitCodes.WORKLOAD_PAUSED : ExitCodes.SUCCESS);
    context.output().line("the target now reports that the devices run there: " + source.devices().names());
    Optional<String> paused = source.workload().resumeIfPaused(Side.TARGET);
    paused.ifPresent(this::warnPaused);
    int code = ReportExitCode.of(paused);
    context.monitor().commitExitCode(code);
    return code;
  }

  private void warnPaused(String reason) {
    context.output().warning(
        "the devices run at the target, but their workload did not resume and remains paused: " + reason);
  }

  private void warnUnreleased(String reason) {
    context.output().warning("""
        the devices run at the target, but the VMM's connection was not released at the source: %s
          A server that still has it does not read the VMM's messages, and serves no other VMM. Unless it has ended:
          %s""".formatted(reason, source.devices().list().stream()
        .map(device -> SuggestedCommand.discard(device.name()).toString())
        .collect(Collectors.joining("\n  "))));
  }

  /** Reports a failed migration and holds its devices; returns only if the devices turn out to run at the target. */
  private void handleFailure(MigrationException e, Optional<MigrationId> id)
      throws CommandException, InterruptedException {
    OpenDevices devices = source.devices();
    CommandException failure = context.monitor().onFailed(e, MigrationFailureReport.of(e,
        devices.list().stream().map(OpenDevice::name).toList(), target.description()));
    if (!HeldSource.isNeededAfter(e) || devices.isInProcess() || !source.isHoldingAllowed()) {
      throw failure;
    }
    Optional<HeldSourceJournal> journal =
        e.outcome() == Outcome.UNKNOWN ? id.flatMap(target.resolver()::heldSourceJournal) : Optional.empty();
    HeldSource held = new HeldSource(devices, journal, context.output());
    switch (held.hold(String.valueOf(failure.getMessage()))) {
      case RESUMED -> throw resumedFailure(e);
      case RELEASED -> throw new CommandException(failure.exitCode(),
          "released with its state intact: " + devices.names(), failure.details(), e);
      case AT_TARGET -> {
        // The migration succeeded after all.
      }
    }
  }

  private CommandException resumedFailure(MigrationException e) {
    String message = "the migration failed; running at the source again: " + source.devices().names();
    return source.workload().resumeIfPaused(Side.SOURCE)
        .map(reason -> new CommandException(ExitCodes.INTERVENTION_REQUIRED,
            "%s\n  The workload did not resume and remains paused: %s".formatted(message, reason), e))
        .orElseGet(() -> new CommandException(ExitCodes.FAILURE, message, e));
  }
}
