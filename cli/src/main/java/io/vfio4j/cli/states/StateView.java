// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.List;

/**
 * A state as it is shown.
 *
 * @param features the features without which no device has it
 * @param brief what it means, in a few words
 * @param meaning what it means
 */
record StateView(String name, int number, List<String> features, String brief, String meaning,
    boolean running,
    SessionKind session) {

  boolean isError() {
    return name.equals("ERROR");
  }

  boolean isInitial() {
    return name.equals("RUNNING");
  }

  boolean isSaving() {
    return session == SessionKind.SAVING;
  }

  /** Returns a name for languages that allow nothing but letters, digits and underscores. */
  String identifier() {
    return identifier(name);
  }

  static String identifier(String name) {
    return name.replace('+', '_');
  }
}
