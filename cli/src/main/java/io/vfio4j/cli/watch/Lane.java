// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A row of a timeline: what one thing was, one after the other. */
record Lane(String label, List<Bar> bars) {

  /**
   * For a while.
   *
   * @param style a class of {@code page.css}
   * @param text what it was
   * @param hint more words, for whoever points at it
   */
  record Bar(Duration from, Duration to, String style, String text, String hint) {
  }

  /** Returns a lane that is empty, to be filled. */
  static Lane of(String label) {
    return new Lane(label, new ArrayList<>());
  }

  void add(Duration from, Duration to, String style, String text, String hint) {
    if (to.compareTo(from) >= 0) {
      bars.add(new Bar(from, to, style, text, hint));
    }
  }
}
