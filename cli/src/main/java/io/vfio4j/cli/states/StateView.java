// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.List;

/**
 * A state for display.
 *
 * @param features the features that every device with this state has
 * @param brief the meaning, for a box in a diagram
 * @param meaning the meaning, for tables
 */
record StateView(String name, int number, List<String> features, String brief, String meaning,
    boolean running, SessionKind session) {

  boolean isError() {
    return name.equals("ERROR");
  }

  boolean isInitial() {
    return name.equals("RUNNING");
  }

  boolean isSaving() {
    return session == SessionKind.SAVING;
  }

  /** Returns the name as an identifier of letters, digits and underscores. */
  String identifier() {
    return identifier(name);
  }

  static String identifier(String name) {
    return name.replace('+', '_');
  }
}
