// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.harness;

import io.vfio4j.conformance.report.Verdict;
import java.util.Optional;

/** Ends a check with a verdict. */
public final class VerdictException extends Exception {

  private static final long serialVersionUID = 1;

  private final transient Verdict verdict;
  private final transient Optional<String> cause;

  private VerdictException(Verdict verdict, Optional<String> cause) {
    super(verdict.details());
    this.verdict = verdict;
    this.cause = cause;
  }

  public static VerdictException failed(String expected, String observed) {
    return new VerdictException(new Verdict.Failure(expected, observed), Optional.empty());
  }

  public static VerdictException notApplicable(String reason) {
    return new VerdictException(new Verdict.NotApplicable(reason), Optional.empty());
  }

  /**
   * Ends a check one of whose preconditions is not met.
   *
   * @param cause the id of the check that covers the precondition; if that one has failed, this one is not
   *     applicable
   */
  public static VerdictException blocked(String cause, String expected, String observed) {
    return new VerdictException(new Verdict.Failure(expected, observed), Optional.of(cause));
  }

  public Verdict verdict() {
    return verdict;
  }

  /** Returns the id of the check that covers what failed; empty if it is the check that was ended. */
  public Optional<String> blockedBy() {
    return cause;
  }
}
