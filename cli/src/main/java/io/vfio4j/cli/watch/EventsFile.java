// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ErrorJson;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.report.FileReportJson;
import io.vfio4j.cli.report.JsonMigrationView;
import io.vfio4j.cli.report.ReportJson;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.file.RestoreException;
import io.vfio4j.engine.file.RestoreReport;
import io.vfio4j.engine.file.SaveReport;
import io.vfio4j.engine.output.OutputFile;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Writes the events to a file, one line each, flushed at once for readers that follow the file. A separate thread writes, so
 * that neither a pipe whose reader is stuck nor a slow disk delays the migration.
 */
final class EventsFile implements Watcher {

  /** Minutes of a migration. */
  private static final int QUEUE_CAPACITY = 10_000;

  /** Limit for writing queued events when the command ends. */
  private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(5);

  private final OutputFile file;
  private final Writer writer;
  private final Output output;
  /** Set by the writing thread or by a thread that cannot queue. */
  private final AtomicBoolean failed = new AtomicBoolean();
  private final ThreadPoolExecutor thread;

  private EventsFile(OutputFile file, Writer writer, Output output) {
    this.file = file;
    this.writer = writer;
    this.output = output;
    this.thread = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(QUEUE_CAPACITY),
        Thread.ofPlatform().name("vfio4j-events").daemon(true).factory(),
        (_, _) -> fail("it accepts events too slowly"));
  }

  static EventsFile create(OutputFile file, Output output) throws IOException {
    try {
      return new EventsFile(file, new OutputStreamWriter(file.open(), StandardCharsets.UTF_8), output);
    } catch (IOException e) {
      throw new CommandException(ExitCodes.FAILURE,
          "--events: cannot write %s: %s".formatted(file, ErrorMessages.describe(e)), e);
    }
  }

  @Override
  public void on(MigrationEvent event) {
    write(JsonMigrationView.json(event));
  }

  @Override
  public void onMigrated(MigrationReport report) {
    write(ReportJson.of(report));
  }

  @Override
  public void onReceived(TargetReport report) {
    write(ReportJson.of(report));
  }

  @Override
  public void onSaved(SaveReport report, Path saved) {
    write(FileReportJson.of(report, saved));
  }

  @Override
  public void onRestored(RestoreReport report, Path saved) {
    write(FileReportJson.of(report, saved));
  }

  @Override
  public void onRestoreFailed(RestoreException cause, CommandException failure) {
    write(ErrorJson.of(failure));
  }

  @Override
  public void onFailed(MigrationException cause, CommandException failure) {
    write(ErrorJson.of(failure));
  }

  @Override
  public void onNotStarted(Throwable failure) {
    write(ErrorJson.of(failure));
  }

  /** Queues a line for the writing thread. */
  private void write(JsonObject object) {
    String line = object + "\n";
    thread.execute(() -> write(line));
  }

  /** Writes a line, in the writing thread. An error, such as a full disk, ends the file but not the migration. */
  private void write(String line) {
    if (failed.get()) {
      return;
    }
    try {
      writer.write(line);
      writer.flush();
    } catch (IOException e) {
      fail(ErrorMessages.describe(e));
    }
  }

  private void fail(String reason) {
    if (!failed.getAndSet(true)) {
      output.warning("--events: events are no longer written to %s: %s".formatted(file, reason));
    }
  }

  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(DRAIN_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        fail("it accepts no more data"); // Closing would block as well.
        return;
      }
      writer.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      fail(ErrorMessages.describe(e));
    }
  }
}
