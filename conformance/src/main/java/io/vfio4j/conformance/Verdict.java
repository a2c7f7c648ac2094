// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

/** What a check found. */
public sealed interface Verdict {

  /** The device does what it has to. */
  record Passed() implements Verdict {
  }

  /**
   * The device breaks a rule.
   *
   * @param expected what the rule asks for
   * @param observed what was seen instead
   */
  record Failed(String expected, String observed) implements Verdict {
  }

  /**
   * The check makes no sense here, or could not be done.
   *
   * @param why the reason
   */
  record NotApplicable(String why) implements Verdict {
  }

  /**
   * The device does what it may, but those who use it should know.
   *
   * @param what what was seen
   */
  record Deviates(String what) implements Verdict {
  }

  /** Returns the verdict in a word or two, as in {@code not applicable}. */
  default String word() {
    return switch (this) {
      case Passed _ -> "passed";
      case Failed _ -> "failed";
      case NotApplicable _ -> "not applicable";
      case Deviates _ -> "deviates";
    };
  }

  /** Returns what there is to say beyond the word; empty if nothing is. */
  default String details() {
    return switch (this) {
      case Passed _ -> "";
      case Failed failed -> "expected: %s; observed: %s".formatted(failed.expected, failed.observed);
      case NotApplicable notApplicable -> notApplicable.why;
      case Deviates deviates -> deviates.what;
    };
  }
}
