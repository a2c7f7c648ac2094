// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import io.vfio4j.cli.base.ProgressLine;
import io.vfio4j.cli.base.Quantities;
import io.vfio4j.engine.MigrationEvent;
import java.util.List;
import java.util.OptionalLong;

/** The progress of a migration as text. */
final class ProgressText {

  private static final int BAR = 16;

  private ProgressText() {
  }

  /**
   * Returns the most detailed line that fits a width.
   *
   * @param expected the bytes expected to be sent, if there is an estimate
   */
  static String line(String phase, MigrationEvent.Progress progress, OptionalLong expected, int width) {
    String title = phaseTitle(phase, progress.round());
    String bar = ProgressLine.bar(fraction(progress, expected), BAR);
    String bytes = Quantities.bytes(progress.bytes());
    String rate = Quantities.rate(progress.bytesPerSecond());
    List<String> lines =
        List.of("%s %s %s, %s%s".formatted(title, bar, bytes, rate, describePrediction(progress)),
            "%s: %s, %s%s".formatted(title, bytes, rate, describePrediction(progress)),
            "%s: %s%s".formatted(title, bytes, describePrediction(progress)),
            "%s: %s%s".formatted(title, bytes, describeRemaining(progress)),
            "%s: %s".formatted(title, bytes));
    return lines.stream().filter(line -> line.length() <= width).findFirst().orElse(title);
  }

  static String sentence(String phase, MigrationEvent.Progress progress) {
    return "%s: %s at %s%s".formatted(phaseTitle(phase, progress.round()), Quantities.bytes(progress.bytes()),
        Quantities.rate(progress.bytesPerSecond()), describePrediction(progress));
  }

  static String sentence(MigrationEvent.RoundEnd end) {
    StringBuilder text = new StringBuilder("pre-copy round %d: %s in %s".formatted(end.round().number(),
        Quantities.bytes(end.round().bytes()), Quantities.time(end.round().duration())));
    end.remaining().ifPresent(bytes -> text.append(", ").append(Quantities.bytes(bytes)).append(" left"));
    end.predictedDowntime()
        .ifPresent(time -> text.append(", downtime would be ").append(Quantities.time(time)));
    return text.toString();
  }

  private static String phaseTitle(String phase, int round) {
    return phase.equals("pre-copy") && round > 0 ? phase + " " + round : phase;
  }

  private static String describePrediction(MigrationEvent.Progress progress) {
    StringBuilder text = new StringBuilder(describeRemaining(progress));
    progress.predictedDowntime().ifPresent(time -> text.append(", down ~").append(Quantities.time(time)));
    return text.toString();
  }

  private static String describeRemaining(MigrationEvent.Progress progress) {
    return progress.remaining().isPresent()
        ? ", %s left".formatted(Quantities.bytes(progress.remaining().getAsLong()))
        : "";
  }

  /** In the first round the engine does not know the remaining bytes yet, so the estimate is used. */
  private static double fraction(MigrationEvent.Progress progress, OptionalLong expected) {
    double sent = progress.bytes();
    double total = progress.remaining().isPresent() ? sent + progress.remaining().getAsLong()
        : Math.max(sent, (double) expected.orElse(Long.MAX_VALUE));
    return sent == 0 ? 0 : sent / total;
  }
}
