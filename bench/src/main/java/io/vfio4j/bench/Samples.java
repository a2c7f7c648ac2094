// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Measured values, one per round. */
final class Samples {

  private final List<Double> values = new ArrayList<>();

  void add(double value) {
    values.add(value);
  }

  void clear() {
    values.clear();
  }

  /** Returns the smallest value that is not exceeded by a percentage of the values, 1 to 100. */
  double percentile(int percentage) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get((sorted.size() * percentage + 99) / 100 - 1);
  }

  double median() {
    List<Double> sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  /**
   * Returns the ratios to a baseline, round by round, because a disturbance affects all measurements of a round.
   */
  Samples dividedBy(Samples baseline) {
    Samples ratios = new Samples();
    for (int i = 0; i < values.size(); i++) {
      ratios.add(values.get(i) / baseline.values.get(i));
    }
    return ratios;
  }

  /** Returns the median, with minimum and maximum in brackets. */
  String describe(int digits) {
    double least = values.stream().min(Double::compare).orElseThrow();
    double greatest = values.stream().max(Double::compare).orElseThrow();
    String number = "%." + digits + "f";
    return String.format(Locale.ROOT, number + " (" + number + " to " + number + ")", median(), least,
        greatest);
  }
}
