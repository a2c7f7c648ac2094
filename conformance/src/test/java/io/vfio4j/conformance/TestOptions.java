// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.conformance.setup.ConformanceOptions;

/** Options of the suite for tests. */
final class TestOptions {

  /** No duration is measured, since no test may depend on the load of the machine; states are small. */
  static final ConformanceOptions UNTIMED = untimed().build();

  private TestOptions() {
  }

  /** Returns a builder with the values of {@link #UNTIMED}. */
  static ConformanceOptions.Builder untimed() {
    return ConformanceOptions.builder().dangerous(true).maxState(1 << 20).clock(() -> 0);
  }
}
