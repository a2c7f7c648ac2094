// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.List;

/**
 * An arc as it is shown.
 *
 * @param needs the features without which no device has it
 * @param before the session that is open before it
 * @param after the session that is open after it
 */
record ShownArc(String from, String to, Need need, List<String> needs, Session before, Session after) {

  boolean opens() {
    return after != before && after != Session.NONE;
  }

  boolean ends() {
    return after != before && before != Session.NONE;
  }

  /** Returns what becomes of data sessions, for people; empty if nothing. */
  String effect() {
    String end = ends() ? "ends the %s session".formatted(before.key()) : "";
    String begin = opens() ? "opens a %s session".formatted(after.key()) : "";
    return end.isEmpty() || begin.isEmpty() ? end + begin : end + ", " + begin;
  }

  @Override
  public String toString() {
    return from + " > " + to;
  }
}
