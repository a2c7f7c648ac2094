// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A row of a timeline: the successive phases of a side, or states of a device. */
record Lane(String label, List<Bar> bars) {

  /**
   * An interval.
   *
   * @param style CSS classes ({@code page.css})
   * @param text the phase or state; empty for a transition
   * @param hint details for the tooltip
   */
  record Bar(Duration from, Duration to, String style, String text, String hint) {
  }

  /** Returns an empty lane. */
  static Lane of(String label) {
    return new Lane(label, new ArrayList<>());
  }

  /** Adds an interval, unless it ends before it begins. */
  void add(Duration from, Duration to, String style, String text, String hint) {
    if (to.compareTo(from) >= 0) {
      bars.add(new Bar(from, to, style, text, hint));
    }
  }
}
