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

  private final OpenDevice source;
  private final String target;
  private final boolean mayHold;
  private final Output output;

  SourceSide(OpenDevice source, String target, boolean mayHold, Output output) {
    this.source = source;
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
   * @throws CommandFailure if it failed; a source that stands still was held open before
   */
  void run(Move move) throws IOException, InterruptedException {
    MigrationReport report;
    OptionalLong expected = source.device().stopCopyLength();
    try (Interrupting _ = Interrupting.onSignal();
        MigrationProgress progress = new MigrationProgress(output, Side.SOURCE, expected)) {
      report = move.run(progress);
    } catch (MigrationException e) {
      throw failed(e);
    }
    ReportWords.lines(report).forEach(output::line);
    output.line("%s is let go of when this command ends; %s.".formatted(source.name(), source.whenLetGo()));
    output.result(ReportJson.of(report));
  }

  private CommandFailure failed(MigrationException e) throws InterruptedException {
    CommandFailure failure = FailedMigration.of(e, source.name(), target);
    if (!StoppedSource.isLeftBy(e) || source.isInside() || !mayHold) {
      return failure;
    }
    boolean runs = new StoppedSource(source, output).hold(String.valueOf(failure.getMessage()));
    return runs
        ? new CommandFailure(ExitCodes.NOT_DONE,
            "the migration failed; " + source.name() + " runs at the source", e)
        : new CommandFailure(failure.exitCode(), source.name() + " was let go of with its state",
            failure.facts(), e);
  }
}
