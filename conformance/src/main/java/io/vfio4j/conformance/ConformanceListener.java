// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

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
  default void begun(int checks) {
  }

  /** A check begins. */
  default void begun(Check check) {
  }

  /** Returns whether to end the suite before the next check: the device is reset then. */
  default boolean isCancelled() {
    return false;
  }

  /** A check has ended. */
  default void ended(CheckResult result) {
  }
}
