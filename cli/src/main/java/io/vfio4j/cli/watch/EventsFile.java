// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import com.google.gson.JsonObject;
import io.vfio4j.cli.CommandFailure;
import io.vfio4j.cli.ErrorJson;
import io.vfio4j.cli.ExitCodes;
import io.vfio4j.cli.Failures;
import io.vfio4j.cli.FileReportJson;
import io.vfio4j.cli.JsonMigrationView;
import io.vfio4j.cli.Output;
import io.vfio4j.cli.ReportJson;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.OutputFile;
import io.vfio4j.engine.RestoreException;
import io.vfio4j.engine.RestoreReport;
import io.vfio4j.engine.SaveReport;
import io.vfio4j.engine.TargetReport;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Writes what happens to a file, line by line as it comes: somebody may read along. */
final class EventsFile implements Watcher {

  private final OutputFile file;
  private final Writer writer;
  private final Output output;
  private boolean failed;

  private EventsFile(OutputFile file, Writer writer, Output output) {
    this.file = file;
    this.writer = writer;
    this.output = output;
  }

  static EventsFile create(OutputFile file, Output output) throws IOException {
    try {
      return new EventsFile(file, new OutputStreamWriter(file.open(), StandardCharsets.UTF_8), output);
    } catch (IOException e) {
      throw new CommandFailure(ExitCodes.NOT_DONE,
          "--events: cannot write %s: %s".formatted(file, Failures.words(e)), e);
    }
  }

  @Override
  public void on(MigrationEvent event) {
    write(JsonMigrationView.json(event));
  }

  @Override
  public void moved(MigrationReport report) {
    write(ReportJson.of(report));
  }

  @Override
  public void received(TargetReport report) {
    write(ReportJson.of(report));
  }

  @Override
  public void saved(SaveReport report, Path saved) {
    write(FileReportJson.of(report, saved));
  }

  @Override
  public void restored(RestoreReport report, Path saved) {
    write(FileReportJson.of(report, saved));
  }

  @Override
  public void notRestored(RestoreException cause, CommandFailure failure) {
    write(ErrorJson.of(failure));
  }

  @Override
  public void failed(MigrationException cause, CommandFailure failure) {
    write(ErrorJson.of(failure));
  }

  @Override
  public void notBegun(Throwable failure) {
    write(ErrorJson.of(failure));
  }

  /** One write for each line; a full disk ends the file, and nothing else. */
  private void write(JsonObject object) {
    if (failed) {
      return;
    }
    try {
      writer.write(object + "\n");
      writer.flush();
    } catch (IOException e) {
      fail(e);
    }
  }

  private void fail(IOException e) {
    failed = true;
    output.warning(
        "vfio4j: --events: what comes is no longer written to %s: %s".formatted(file, Failures.words(e)));
  }

  @Override
  public void close() {
    try {
      writer.close();
    } catch (IOException e) {
      if (!failed) {
        fail(e);
      }
    }
  }
}
