// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.cli.base.Quantities;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A chart as text: a letter for each scenario, and a line for each downtime limit. */
final class TextChart {

  private static final int WIDTH = 72;
  private static final int HEIGHT = 14;
  private static final int MARGIN = 10;
  private static final char LIMIT = '-';
  private static final int[] COLOURS = {36, 33, 35, 32, 34, 31};

  private final Chart chart;
  private final boolean colours;
  private final char[][] cells = new char[HEIGHT][WIDTH];

  /** Creates a chart, with or without coloured letters. */
  TextChart(Chart chart, boolean colours) {
    this.chart = chart;
    this.colours = colours;
  }

  List<String> lines() {
    for (char[] row : cells) {
      Arrays.fill(row, ' ');
    }
    chart.limits().forEach(limit -> Arrays.fill(cells[row((double) limit)], LIMIT));
    // Draw the first scenario last, so that it is on top.
    chart.series().reversed().forEach(this::draw);
    chart.series().forEach(series -> cells[row(series.at(series.end()))][column(
        series.end() / chart.lastSecond())] = series.compared().scenario().key());
    List<String> lines = new ArrayList<>();
    lines.add("bytes left");
    String[] labels = labels();
    for (int row = 0; row < HEIGHT; row++) {
      lines.add((labels[row] + " |" + coloured(cells[row])).stripTrailing());
    }
    lines.add(" ".repeat(MARGIN) + " +" + "-".repeat(WIDTH));
    lines.add(timeLabels());
    lines.add(
        " ".repeat(MARGIN) + "  " + LIMIT + LIMIT + " bytes that fit in the maximum downtime");
    return lines;
  }

  private int row(double bytes) {
    return (int) Math.round((1 - chart.height(bytes)) * (HEIGHT - 1));
  }

  private static int column(double share) {
    return (int) Math.round(share * (WIDTH - 1));
  }

  private void draw(Chart.Series series) {
    int last = column(series.end() / chart.lastSecond());
    for (int column = 0; column <= last; column++) {
      double seconds = Math.min(series.end(), chart.lastSecond() * column / (WIDTH - 1));
      cells[row(series.at(seconds))][column] = series.compared().scenario().key();
    }
  }

  private String[] labels() {
    String[] labels = new String[HEIGHT];
    Arrays.fill(labels, " ".repeat(MARGIN));
    chart.byteTicks().forEach(
        tick -> labels[row((double) tick)] =
            String.format(Locale.ROOT, "%" + MARGIN + "s", Quantities.bytes(tick)));
    return labels;
  }

  private String timeLabels() {
    StringBuilder line = new StringBuilder(" ".repeat(MARGIN + 2));
    for (double tick : chart.timeTicks()) {
      int at = MARGIN + 2 + column(tick / chart.lastSecond());
      if (line.length() <= at) {
        line.repeat(' ', at - line.length()).append(timeLabel(tick));
      }
    }
    return line.toString();
  }

  static String timeLabel(double seconds) {
    return seconds == Math.rint(seconds)
        ? String.format(Locale.ROOT, "%.0f s", seconds)
        : String.format(Locale.ROOT, "%s s", (float) seconds);
  }

  private String coloured(char[] row) {
    if (!colours) {
      return new String(row);
    }
    StringBuilder line = new StringBuilder();
    for (char cell : row) {
      if (Character.isLetter(cell)) {
        line.append("\u001b[").append(COLOURS[(cell - 'A') % COLOURS.length]).append('m').append(cell)
            .append("\u001b[0m");
      } else {
        line.append(cell);
      }
    }
    return line.toString();
  }
}
