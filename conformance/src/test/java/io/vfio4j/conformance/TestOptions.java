// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.conformance.setup.ConformanceOptions;

/** How tests have devices judged. */
final class TestOptions {

  /** Nothing takes any time, since no test may depend on how busy a machine is; states are small. */
  static final ConformanceOptions UNTIMED =
      ConformanceOptions.DEFAULT.withDangerous(true).withMaxState(1 << 20).withClock(() -> 0);

  private TestOptions() {
  }
}
