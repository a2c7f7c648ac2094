// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Side;
import java.io.IOException;
import java.util.OptionalLong;

/** A migration as the command at its source sees it, from its beginning to its report. */
final class SourceSide {

  private final OpenDevices sources;
  private final String target;
  private final boolean mayHold;
  private final Output output;

  SourceSide(OpenDevices sources, String target, boolean mayHold, Output output) {
    this.sources = sources;
    this.target = target;
    this.mayHold = mayHold;
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
   * @throws CommandFailure if it failed; sources that stand still were held open before
   */
  void run(Move move) throws IOException, InterruptedException {
    MigrationReport report;
    OptionalLong expected = sources.stopCopyLength();
    try (Interrupting _ = Interrupting.onSignal();
        MigrationProgress progress = new MigrationProgress(output, Side.SOURCE, expected)) {
      report = move.run(progress);
    } catch (MigrationException e) {
      throw failed(e);
    }
    ReportWords.lines(report).forEach(output::line);
    for (OpenDevice source : sources.list()) {
      output.line("%s is let go of when this command ends; %s.".formatted(source.name(), source.whenLetGo()));
    }
    output.result(ReportJson.of(report));
  }

  private CommandFailure failed(MigrationException e) throws InterruptedException {
    CommandFailure failure = FailedMigration.of(e, sources.names(), target);
    if (!StoppedSource.isLeftBy(e) || sources.isInside() || !mayHold) {
      return failure;
    }
    boolean runs = new StoppedSource(sources, output).hold(String.valueOf(failure.getMessage()));
    return runs
        ? new CommandFailure(ExitCodes.NOT_DONE,
            "the migration failed; at the source runs again: " + sources.names(), e)
        : new CommandFailure(failure.exitCode(), "let go of with the state: " + sources.names(),
            failure.facts(), e);
  }
}
