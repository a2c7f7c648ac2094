// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.List;

/**
 * An arc for display.
 *
 * @param features the features that every device with this arc has
 * @param before the session that is open before the arc
 * @param after the session that is open after the arc
 */
record ArcView(String from, String to, ArcRequirement requirement, List<String> features, SessionKind before,
    SessionKind after) {

  boolean opensSession() {
    return after != before && after != SessionKind.NONE;
  }

  boolean endsSession() {
    return after != before && before != SessionKind.NONE;
  }

  /** Returns the effect on data sessions as text; empty if there is none. */
  String effect() {
    String end = endsSession() ? "ends the %s session".formatted(before.key()) : "";
    String begin = opensSession() ? "opens a %s session".formatted(after.key()) : "";
    return end.isEmpty() || begin.isEmpty() ? end + begin : end + ", " + begin;
  }

  @Override
  public String toString() {
    return from + " > " + to;
  }
}
