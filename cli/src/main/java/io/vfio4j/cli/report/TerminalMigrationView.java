// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.ProgressLine;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.Side;
import java.time.Duration;
import java.util.OptionalLong;

/** Shows one line, redrawn in place, of a migration that takes longer than a second. */
final class TerminalMigrationView implements MigrationView {

  /** In a shorter migration the line would only flicker. */
  private static final Duration MIN_ELAPSED = Duration.ofSeconds(1);

  private final ProgressLine line;
  private final Side side;
  private final OptionalLong expected;
  private String phase = "";

  TerminalMigrationView(Output output, Side side, OptionalLong expected) {
    this.line = ProgressLine.onStandardError(output);
    this.side = side;
    this.expected = expected;
  }

  @Override
  public void on(MigrationEvent event) {
    if (event.side() != side) {
      return;
    }
    boolean isShown = event.at().compareTo(MIN_ELAPSED) >= 0;
    switch (event) {
      case MigrationEvent.PhaseStart e -> {
        boolean isNew = !e.phase().title().equals(phase);
        phase = e.phase().title();
        if (isShown && isNew) {
          line.show(phase + ": " + e.reason());
        }
      }
      case MigrationEvent.Progress e when isShown ->
        line.show(ProgressText.line(phase, e, expected, line.width()));
      default -> {
        // The final report has the rest.
      }
    }
  }

  @Override
  public void close() {
    line.close();
  }
}
