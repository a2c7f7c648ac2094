// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.policy;

import java.time.Duration;
import java.util.Optional;

/**
 * Switches over as soon as the predicted downtime fits the limit; at a deadline, aborts, waits or forces the
 * switchover.
 *
 * <p>
 * Before the deadline it never aborts because of rates: a workload that dirties too much now may be calm in a
 * minute, and no measurement predicts that. Its reasons inform an operator.
 *
 * <p>
 * Forcing raises the limit from {@link RoundFacts#maxDowntime} by twice the prediction: so a device that has
 * far more to send than it announced is still not stopped indefinitely. It does not skip the initial data,
 * which may take another deadline, nor the P2P states.
 *
 * <p>
 * After devices did not reach their P2P states in time, it waits 250 ms before the next attempt, and twice as
 * long after each further one, up to 10 s.
 *
 * @param deadline maximum duration of pre-copy, as counted by {@link RoundFacts#elapsed}, more than 0
 * @param whenNotConverging what to do then
 * @param quiesceAttempts attempts to reach the P2P states before it aborts, at least 1; unlimited with {@link
 *     WhenNotConverging#WAIT}
 */
public record DowntimePolicy(Duration deadline, WhenNotConverging whenNotConverging, int quiesceAttempts)
    implements
      SwitchoverPolicy {

  /** The default number of attempts to reach the P2P states: over about 8 s plus the attempts themselves. */
  public static final int QUIESCE_ATTEMPTS = 6;

  /** By how many times the prediction a forced switchover may exceed the limit. */
  private static final int MARGIN = 2;

  /** How many deadlines the initial data may take when forcing. */
  private static final int INITIAL_DATA_DEADLINES = 2;

  private static final Duration FIRST_BACKOFF = Duration.ofMillis(250);
  private static final Duration MAX_BACKOFF = Duration.ofSeconds(10);
  private static final int DOUBLINGS = 6;

  /**
   * Checks the settings.
   *
   * @throws IllegalArgumentException if one is out of range
   */
  public DowntimePolicy {
    if (!deadline.isPositive()) {
      throw new IllegalArgumentException("deadline must be more than 0, not " + deadline);
    }
    if (quiesceAttempts < 1) {
      throw new IllegalArgumentException("quiesceAttempts must be at least 1, not " + quiesceAttempts);
    }
  }

  /** Creates a policy with {@value #QUIESCE_ATTEMPTS} attempts to reach the P2P states. */
  public DowntimePolicy(Duration deadline, WhenNotConverging whenNotConverging) {
    this(deadline, whenNotConverging, QUIESCE_ATTEMPTS);
  }

  @Override
  public Decision decide(RoundFacts facts) {
    PolicyMessages words = new PolicyMessages(facts);
    if (facts.quiesceFailures() >= quiesceAttempts && whenNotConverging != WhenNotConverging.WAIT) {
      return new Decision.Abort(words.notQuiescing());
    }
    if (facts.fits() && !isBackingOff(facts)) {
      return new Decision.SwitchOver(Optional.of(facts.maxDowntime()), words.fitting());
    }
    return facts.elapsed().compareTo(deadline) < 0 ? new Decision.Continue(words.continuing())
        : atDeadline(facts, words);
  }

  private Decision atDeadline(RoundFacts facts, PolicyMessages words) {
    return switch (whenNotConverging) {
      case WAIT -> new Decision.Continue(words.continuing());
      case ABORT -> new Decision.Abort(words.notConverging());
      case FORCE -> force(facts, words);
    };
  }

  private Decision force(RoundFacts facts, PolicyMessages words) {
    if (facts.isReady() && !isBackingOff(facts)) {
      Duration limit = facts.maxDowntime().plus(facts.predictedDowntime().multipliedBy(MARGIN));
      return new Decision.SwitchOver(Optional.of(limit), words.forced(limit));
    }
    if (!facts.isReady() && facts.elapsed().compareTo(deadline.multipliedBy(INITIAL_DATA_DEADLINES)) >= 0) {
      return new Decision.Abort(words.notConverging());
    }
    return new Decision.Continue(words.continuing());
  }

  /** Returns whether it is too early for the next attempt to reach the P2P states. */
  private static boolean isBackingOff(RoundFacts facts) {
    if (facts.quiesceFailures() == 0) {
      return false;
    }
    Duration rest = FIRST_BACKOFF.multipliedBy(1L << Math.min(facts.quiesceFailures() - 1, DOUBLINGS));
    return facts.sinceQuiesceFailure().compareTo(rest.compareTo(MAX_BACKOFF) < 0 ? rest : MAX_BACKOFF) < 0;
  }
}
