// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import java.time.Duration;

/** Prints phases, the first rounds, and then progress every two seconds. */
final class PlainMigrationView implements MigrationView {

  private static final Duration MIN_INTERVAL = Duration.ofSeconds(2);
  private static final int ROUNDS_SHOWN = 3;

  private final Output output;
  private final Side side;
  private String phase = "";
  private Duration lastLine = Duration.ZERO;

  PlainMigrationView(Output output, Side side) {
    this.output = output;
    this.side = side;
  }

  @Override
  public void on(MigrationEvent event) {
    if (event.side() != side) {
      return;
    }
    switch (event) {
      case MigrationEvent.PhaseStart e -> onPhase(e);
      case MigrationEvent.RoundEnd e when e.round().number() <= ROUNDS_SHOWN || isDue(e) ->
        print(e, ProgressText.sentence(e));
      case MigrationEvent.Progress e when isDue(e) -> print(e, ProgressText.sentence(phase, e));
      case MigrationEvent.Note e -> print(e, e.text());
      default -> {
        // Only in the JSON.
      }
    }
  }

  /** The rounds of pre-copy are separate phases in the events, but one here. */
  private void onPhase(MigrationEvent.PhaseStart event) {
    if (!event.phase().title().equals(phase)) {
      phase = event.phase().title();
      print(event, event.phase() instanceof Phase.Done ? phase : phase + ": " + event.reason());
    }
  }

  private boolean isDue(MigrationEvent event) {
    return event.at().minus(lastLine).compareTo(MIN_INTERVAL) >= 0;
  }

  private void print(MigrationEvent event, String text) {
    lastLine = event.at();
    output.info(text);
  }

  @Override
  public void close() {
    // Every line has been written.
  }
}
