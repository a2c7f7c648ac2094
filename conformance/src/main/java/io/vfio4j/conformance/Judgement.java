// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import java.util.Optional;

/** Ends a check with a verdict. */
final class Judgement extends Exception {

  private static final long serialVersionUID = 1;

  private final transient Verdict verdict;
  private final transient Optional<String> cause;

  private Judgement(Verdict verdict, Optional<String> cause) {
    super(verdict.details());
    this.verdict = verdict;
    this.cause = cause;
  }

  static Judgement failed(String expected, String observed) {
    return new Judgement(new Verdict.Failed(expected, observed), Optional.empty());
  }

  static Judgement notApplicable(String why) {
    return new Judgement(new Verdict.NotApplicable(why), Optional.empty());
  }

  /**
   * Ends a check that cannot even begin.
   *
   * @param cause the check whose matter it is; if that one has failed, this one is not applicable
   */
  static Judgement blocked(String cause, String expected, String observed) {
    return new Judgement(new Verdict.Failed(expected, observed), Optional.of(cause));
  }

  Verdict verdict() {
    return verdict;
  }

  /** Returns the check whose matter it is, if it is not that of the one that was ended. */
  Optional<String> blockedBy() {
    return cause;
  }
}
