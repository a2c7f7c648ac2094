// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

/** How tests have devices judged. */
final class Options {

  /** Nothing takes any time, since no test may depend on how busy a machine is. */
  static final ConformanceOptions TIMELESS = ConformanceOptions.DEFAULT.withDangerous(true).withClock(() -> 0);

  private Options() {
  }
}
