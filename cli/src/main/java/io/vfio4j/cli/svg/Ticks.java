// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.svg;

import java.util.ArrayList;
import java.util.List;

/** Where a scale is marked. */
public final class Ticks {

  private Ticks() {
  }

  /**
   * Returns round numbers from 0 on.
   *
   * @param last none is more than this, which is more than 0
   * @param wish how many there should be, roughly
   */
  public static List<Double> upTo(double last, int wish) {
    double distance = last / wish;
    double power = Math.pow(10, Math.floor(Math.log10(distance)));
    double step = distance / power < 2 ? 2 * power : distance / power < 5 ? 5 * power : 10 * power;
    List<Double> ticks = new ArrayList<>();
    for (int i = 0; i * step <= last; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }
}
