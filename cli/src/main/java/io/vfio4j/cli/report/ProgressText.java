// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import io.vfio4j.cli.base.ProgressLine;
import io.vfio4j.cli.base.Quantities;
import io.vfio4j.engine.MigrationEvent;
import java.util.List;
import java.util.OptionalLong;

/** How far a migration is, in words. */
final class ProgressText {

  private static final int BAR = 16;

  private ProgressText() {
  }

  /**
   * Returns what fits into one line of a terminal: the less room there is, the less is told.
   *
   * @param expected how many bytes there were to send in the beginning
   * @param width how long the line may be
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
    StringBuilder words = new StringBuilder("pre-copy round %d: %s in %s".formatted(end.round().number(),
        Quantities.bytes(end.round().bytes()), Quantities.time(end.round().duration())));
    end.remaining().ifPresent(bytes -> words.append(", ").append(Quantities.bytes(bytes)).append(" left"));
    end.predictedDowntime()
        .ifPresent(time -> words.append(", downtime would be ").append(Quantities.time(time)));
    return words.toString();
  }

  private static String phaseTitle(String phase, int round) {
    return phase.equals("pre-copy") && round > 0 ? phase + " " + round : phase;
  }

  private static String describePrediction(MigrationEvent.Progress progress) {
    StringBuilder words = new StringBuilder(describeRemaining(progress));
    progress.predictedDowntime().ifPresent(time -> words.append(", down ~").append(Quantities.time(time)));
    return words.toString();
  }

  private static String describeRemaining(MigrationEvent.Progress progress) {
    return progress.remaining().isPresent()
        ? ", %s left".formatted(Quantities.bytes(progress.remaining().getAsLong()))
        : "";
  }

  /** In its first round the engine does not know yet what is left; then the device's estimate has to do. */
  private static double fraction(MigrationEvent.Progress progress, OptionalLong expected) {
    double sent = progress.bytes();
    double all = progress.remaining().isPresent() ? sent + progress.remaining().getAsLong()
        : Math.max(sent, (double) expected.orElse(Long.MAX_VALUE));
    return sent == 0 ? 0 : sent / all;
  }
}
