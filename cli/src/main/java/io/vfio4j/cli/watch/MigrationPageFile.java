// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.file.RestoreException;
import io.vfio4j.engine.file.RestoreReport;
import io.vfio4j.engine.file.SaveReport;
import io.vfio4j.engine.output.OutputFile;
import java.io.IOException;
import java.nio.file.Path;

/** Writes a page about a migration when it has ended. */
final class MigrationPageFile implements Watcher {

  private final OutputFile file;
  private final CommandInvocation command;
  private final Output output;
  private final MigrationTimeline timeline = new MigrationTimeline();

  MigrationPageFile(OutputFile file, CommandInvocation command, Output output) {
    this.file = file;
    this.command = command;
    this.output = output;
  }

  @Override
  public void on(MigrationEvent event) {
    timeline.on(event);
  }

  @Override
  public void onMigrated(MigrationReport report) {
    write(new MigrationResult.Migrated(report));
  }

  @Override
  public void onReceived(TargetReport report) {
    write(new MigrationResult.Received(report));
  }

  @Override
  public void onFailed(MigrationException cause, CommandException failure) {
    write(new MigrationResult.Failed(cause, failure, "The target"));
  }

  @Override
  public void onSaveFailed(MigrationException cause, CommandException failure) {
    write(new MigrationResult.Failed(cause, failure, "The file"));
  }

  @Override
  public void onRestoreFailed(RestoreException cause, CommandException failure) {
    write(new MigrationResult.RestoreFailed(cause, failure));
  }

  @Override
  public void onSaved(SaveReport report, Path saved) {
    write(new MigrationResult.Saved(report, saved));
  }

  @Override
  public void onRestored(RestoreReport report, Path saved) {
    write(new MigrationResult.Restored(report, saved));
  }

  @Override
  public void onNotStarted(Throwable failure) {
    write(new MigrationResult.NotStarted(ErrorMessages.describe(failure)));
  }

  /** Writes the page. A failure is only a warning, since the outcome for the devices is settled. */
  private void write(MigrationResult result) {
    try {
      file.write(MigrationPage.of(timeline, command, result));
    } catch (IOException e) {
      output.warning(
          "--report: cannot write %s: %s".formatted(file, ErrorMessages.describe(e)));
    }
  }

  @Override
  public void close() {
    // Nothing is open.
  }
}
