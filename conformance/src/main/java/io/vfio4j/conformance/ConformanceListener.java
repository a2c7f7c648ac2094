// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.conformance.report.Check;
import io.vfio4j.conformance.report.CheckResult;

/** Receives the progress of the suite, in the thread that runs it. */
public interface ConformanceListener {

  /** Ignores all events. */
  ConformanceListener NONE = new ConformanceListener() {
  };

  /**
   * Called before the first check.
   *
   * @param checks the number of checks that will run
   */
  default void suiteStarted(int checks) {
  }

  /** Called before each check. */
  default void checkStarted(Check check) {
  }

  /** Returns whether to cancel the suite before the next check; the device is then reset. */
  default boolean isCancelled() {
    return false;
  }

  /** Called after each check. */
  default void checkFinished(CheckResult result) {
  }
}
