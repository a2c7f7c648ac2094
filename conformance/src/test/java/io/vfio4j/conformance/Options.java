// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

/** How tests have devices judged. */
final class Options {

  /** Nothing takes any time, since no test may depend on how busy a machine is; states are small. */
  static final ConformanceOptions TIMELESS =
      ConformanceOptions.DEFAULT.withDangerous(true).withMostState(1 << 20).withClock(() -> 0);

  private Options() {
  }
}
