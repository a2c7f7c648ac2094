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
 * Writes what happens to a file, line by line as it comes: somebody may read along. A thread of its own writes, since a pipe
 * whose reader does not read, or a disk that does not answer, would hold the migration up.
 */
final class EventsFile implements Watcher {

  /** So many events are minutes of a migration. */
  private static final int QUEUE_CAPACITY = 10_000;

  /** How long what is still to be written is waited for when the command ends. */
  private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(5);

  private final OutputFile file;
  private final Writer writer;
  private final Output output;
  private final AtomicBoolean failed = new AtomicBoolean();
  private final ThreadPoolExecutor thread;

  private EventsFile(OutputFile file, Writer writer, Output output) {
    this.file = file;
    this.writer = writer;
    this.output = output;
    this.thread = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(QUEUE_CAPACITY),
        Thread.ofPlatform().name("vfio4j-events").daemon(true).factory(),
        (_, _) -> fail("it takes events too slowly"));
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

  /** One write for each line, in a thread of its own. */
  private void write(JsonObject object) {
    String line = object + "\n";
    thread.execute(() -> write(line));
  }

  /** A full disk ends the file, and nothing else. */
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

  private void fail(String why) {
    if (!failed.getAndSet(true)) {
      output.warning("vfio4j: --events: what comes is no longer written to %s: %s".formatted(file, why));
    }
  }

  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(DRAIN_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        fail("it takes nothing any more"); // To close it would wait for that, too.
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
