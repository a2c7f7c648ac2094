// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

/** The verdict of a check. */
public sealed interface Verdict {

  /** The device meets the requirement. */
  record Pass() implements Verdict {
  }

  /**
   * The device violates the requirement.
   *
   * @param expected what is required
   * @param observed what was observed instead
   */
  record Failure(String expected, String observed) implements Verdict {
  }

  /**
   * The check does not apply to the device, or could not run.
   *
   * @param reason the reason
   */
  record NotApplicable(String reason) implements Verdict {
  }

  /**
   * The device does something that is allowed, but that its users should know.
   *
   * @param observed what was observed
   */
  record Deviation(String observed) implements Verdict {
  }

  /** Returns the verdict's label, as in {@code not applicable}. */
  default String label() {
    return switch (this) {
      case Pass _ -> "passed";
      case Failure _ -> "failed";
      case NotApplicable _ -> "not applicable";
      case Deviation _ -> "deviates";
    };
  }

  /** Returns the details of the verdict; empty if it has none. */
  default String details() {
    return switch (this) {
      case Pass _ -> "";
      case Failure failed -> "expected: %s; observed: %s".formatted(failed.expected, failed.observed);
      case NotApplicable notApplicable -> notApplicable.reason;
      case Deviation deviates -> deviates.observed;
    };
  }
}
