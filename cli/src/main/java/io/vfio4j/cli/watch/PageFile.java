// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.CommandFailure;
import io.vfio4j.cli.Failures;
import io.vfio4j.cli.Output;
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

/** Writes a page about a migration when it is over. */
final class PageFile implements Watcher {

  private final OutputFile file;
  private final CommandWords command;
  private final Output output;
  private final Story story = new Story();

  PageFile(OutputFile file, CommandWords command, Output output) {
    this.file = file;
    this.command = command;
    this.output = output;
  }

  @Override
  public void on(MigrationEvent event) {
    story.on(event);
  }

  @Override
  public void moved(MigrationReport report) {
    write(new Ending.Moved(report));
  }

  @Override
  public void received(TargetReport report) {
    write(new Ending.Received(report));
  }

  @Override
  public void failed(MigrationException cause, CommandFailure failure) {
    write(new Ending.Failed(cause, failure, "The target"));
  }

  @Override
  public void notSaved(MigrationException cause, CommandFailure failure) {
    write(new Ending.Failed(cause, failure, "The file"));
  }

  @Override
  public void notRestored(RestoreException cause, CommandFailure failure) {
    write(new Ending.NotRestored(cause, failure));
  }

  @Override
  public void saved(SaveReport report, Path saved) {
    write(new Ending.Saved(report, saved));
  }

  @Override
  public void restored(RestoreReport report, Path saved) {
    write(new Ending.Restored(report, saved));
  }

  @Override
  public void notBegun(Throwable failure) {
    write(new Ending.NotBegun(Failures.words(failure)));
  }

  /** What became of the devices is settled by now, and no full disk may hide it. */
  private void write(Ending ending) {
    try {
      file.write(MigrationPage.of(story, command, ending));
    } catch (IOException e) {
      output.warning("vfio4j: --report: %s could not be written: %s".formatted(file, Failures.words(e)));
    }
  }

  @Override
  public void close() {
    // Nothing is open.
  }
}
