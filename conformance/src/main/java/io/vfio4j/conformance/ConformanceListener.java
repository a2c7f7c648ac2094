// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.conformance.report.Check;
import io.vfio4j.conformance.report.CheckResult;

/** Hears of the suite's progress, in the thread that runs it. */
public interface ConformanceListener {

  /** Hears nothing. */
  ConformanceListener NONE = new ConformanceListener() {
  };

  /**
   * The suite begins.
   *
   * @param checks how many there are
   */
  default void started(int checks) {
  }

  /** A check begins. */
  default void started(Check check) {
  }

  /** Returns whether to end the suite before the next check: the device is reset then. */
  default boolean isCancelled() {
    return false;
  }

  /** A check has ended. */
  default void finished(CheckResult result) {
  }
}
