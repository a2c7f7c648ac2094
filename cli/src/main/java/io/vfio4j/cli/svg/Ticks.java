// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.svg;

import java.util.ArrayList;
import java.util.List;

/** Computes the tick marks of an axis. */
public final class Ticks {

  private Ticks() {
  }

  /**
   * Returns round numbers from 0.
   *
   * @param last the maximum, which is positive
   * @param count the approximate number of ticks
   */
  public static List<Double> upTo(double last, int count) {
    double distance = last / count;
    double power = Math.pow(10, Math.floor(Math.log10(distance)));
    double step = distance / power < 2 ? 2 * power : distance / power < 5 ? 5 * power : 10 * power;
    List<Double> ticks = new ArrayList<>();
    for (int i = 0; i * step <= last; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }
}
