// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.ProgressLine;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final Output output = new Output(new PrintWriter(out), new PrintWriter(err), false, false);

  private static MigrationEvent.PhaseStart preCopy(long millis, int round) {
    return new MigrationEvent.PhaseStart(Duration.ofMillis(millis), Side.SOURCE, new Phase.PreCopy(round),
        "why");
  }

  private static MigrationEvent.Progress progress(long millis, int round) {
    return new MigrationEvent.Progress(Duration.ofMillis(millis), round, 3 << 20, 2 << 20,
        OptionalLong.of(1 << 20),
        Optional.of(Duration.ofMillis(40)), Duration.ofMillis(millis));
  }

  private static MigrationEvent.RoundEnd round(long millis, int number) {
    return new MigrationEvent.RoundEnd(Duration.ofMillis(millis),
        new MigrationReport.Round(number, 1 << 20, 0, 0, 0, 0, Duration.ofMillis(200)), OptionalLong.of(4096),
        Optional.empty());
  }

  @Test
  void redrawsOneLineOnTerminal() {
    try (TerminalMigrationView view = new TerminalMigrationView(output, Side.SOURCE, OptionalLong.empty())) {
      view.on(preCopy(900, 1));
      view.on(progress(950, 1));
      assertThat(err.toString()).as("within the first second").isEmpty();
      view.on(progress(1100, 2));
    }

    assertThat(err)
        .hasToString("\rpre-copy 2 [===========>    ] 3.0 MiB, 2.0 MiB/s, 1.0 MiB left, down ~40 ms"
            + "\u001b[K\r\u001b[K");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void measuresFirstRoundByEstimate() {
    MigrationEvent.Progress first = new MigrationEvent.Progress(Duration.ofSeconds(2), 1, 1 << 20, 1 << 20,
        OptionalLong.empty(), Optional.empty(), Duration.ofSeconds(2));

    assertThat(ProgressText.line("pre-copy", first, OptionalLong.of(2 << 20), 79))
        .isEqualTo("pre-copy 1 [=======>        ] 1.0 MiB, 1.0 MiB/s");
    assertThat(ProgressText.line("pre-copy", first, OptionalLong.empty(), 79))
        .contains("[                ]");
  }

  /** Details are dropped in order of importance; truncation could cut a number in the middle. */
  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "79 | pre-copy 2 [===========>    ] 3.0 MiB, 2.0 MiB/s, 1.0 MiB left, down ~40 ms",
      "60 | pre-copy 2: 3.0 MiB, 2.0 MiB/s, 1.0 MiB left, down ~40 ms",
      "50 | pre-copy 2: 3.0 MiB, 1.0 MiB left, down ~40 ms", "39 | pre-copy 2: 3.0 MiB, 1.0 MiB left",
      "20 | pre-copy 2: 3.0 MiB", "15 | pre-copy 2"})
  void shortensLineToWidth(int width, String line) {
    assertThat(ProgressText.line("pre-copy", progress(2000, 2), OptionalLong.empty(), width))
        .isEqualTo(line);
  }

  @Test
  void printsOccasionalLinesWithoutTerminal() {
    PlainMigrationView view = new PlainMigrationView(output, Side.SOURCE);
    view.on(preCopy(0, 1));
    view.on(progress(500, 1));
    view.on(round(600, 1));
    view.on(preCopy(600, 2));
    view.on(progress(2700, 2));
    view.on(round(2800, 4));
    view.on(round(4800, 5));
    view.on(new MigrationEvent.Note(Duration.ofMillis(4900), Side.TARGET, "of the other side"));
    view.on(new MigrationEvent.PhaseStart(Duration.ofMillis(5100), Side.SOURCE, new Phase.Done(), "why"));

    assertThat(err.toString().lines()).containsExactly("pre-copy: why",
        "pre-copy round 1: 1.0 MiB in 200 ms, 4.0 KiB left",
        "pre-copy 2: 3.0 MiB at 2.0 MiB/s, 1.0 MiB left, down ~40 ms",
        "pre-copy round 5: 1.0 MiB in 200 ms, 4.0 KiB left", "done");
  }

  @ParameterizedTest
  @CsvSource({"300, 79", "80, 79", "40, 39", "1, 1"})
  void truncatesLineAtTerminalWidth(int columns, int width) {
    new ProgressLine(new PrintWriter(err), () -> columns).show("x".repeat(200));

    assertThat(err.toString().replace("\r", "").replace("\u001b[K", "")).hasSize(width);
  }

  @Test
  void drawsBars() {
    assertThat(ProgressLine.bar(0, 4)).isEqualTo("[    ]");
    assertThat(ProgressLine.bar(0.5, 4)).isEqualTo("[=>  ]");
    assertThat(ProgressLine.bar(1.2, 4)).isEqualTo("[====]");
  }
}
