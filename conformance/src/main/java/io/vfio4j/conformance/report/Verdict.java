// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

/** What a check found. */
public sealed interface Verdict {

  /** The device does what it has to. */
  record Pass() implements Verdict {
  }

  /**
   * The device breaks a rule.
   *
   * @param expected what the rule asks for
   * @param observed what was seen instead
   */
  record Failure(String expected, String observed) implements Verdict {
  }

  /**
   * The check makes no sense here, or could not be done.
   *
   * @param reason the reason
   */
  record NotApplicable(String reason) implements Verdict {
  }

  /**
   * The device does what it may, but those who use it should know.
   *
   * @param observed what was seen
   */
  record Deviation(String observed) implements Verdict {
  }

  /** Returns the verdict in a word or two, as in {@code not applicable}. */
  default String label() {
    return switch (this) {
      case Pass _ -> "passed";
      case Failure _ -> "failed";
      case NotApplicable _ -> "not applicable";
      case Deviation _ -> "deviates";
    };
  }

  /** Returns what there is to say beyond the word; empty if nothing is. */
  default String details() {
    return switch (this) {
      case Pass _ -> "";
      case Failure failed -> "expected: %s; observed: %s".formatted(failed.expected, failed.observed);
      case NotApplicable notApplicable -> notApplicable.reason;
      case Deviation deviates -> deviates.observed;
    };
  }
}
