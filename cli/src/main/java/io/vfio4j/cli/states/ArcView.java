// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.List;

/**
 * An arc as it is shown.
 *
 * @param features the features without which no device has it
 * @param before the session that is open before it
 * @param after the session that is open after it
 */
record ArcView(String from, String to, ArcRequirement requirement, List<String> features, SessionKind before,
    SessionKind after) {

  boolean opensSession() {
    return after != before && after != SessionKind.NONE;
  }

  boolean endsSession() {
    return after != before && before != SessionKind.NONE;
  }

  /** Returns what becomes of data sessions, for people; empty if nothing. */
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
