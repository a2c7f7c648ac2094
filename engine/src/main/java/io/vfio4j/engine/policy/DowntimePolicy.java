// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.policy;

import java.time.Duration;
import java.util.Optional;

/**
 * Switches over as soon as that fits into the downtime; at a deadline, gives up, waits on, or goes anyway.
 *
 * <p>
 * Before the deadline it never gives up because of rates: a workload that changes too much now may be calm in a minute,
 * and nothing that was measured tells. What it says of a round tells whoever watches.
 *
 * <p>
 * Going anyway means that the limit of the downtime is no longer that of {@link RoundFacts#maxDowntime}, but so much and
 * twice the prediction: a device that has far more to send than it announced is still not stopped without end. It does
 * not mean to go before the initial data is loaded, which may take as long again as the deadline, and it does not leave
 * out the grace states.
 *
 * <p>
 * Devices that did not enter their grace states in time are given 250 ms before they are tried again, and twice as long
 * each time after that, up to 10 s.
 *
 * @param deadline how long pre-copy may take, as {@link RoundFacts#elapsed} counts it, more than 0
 * @param whenNotConverging what to do then
 * @param quiesceAttempts how often devices that do not enter their grace states in time are tried before it gives up, at
 *     least 1; there is no end to that with {@link WhenNotConverging#WAIT}
 */
public record DowntimePolicy(Duration deadline, WhenNotConverging whenNotConverging, int quiesceAttempts)
    implements
      SwitchoverPolicy {

  /** How often the grace states are tried, if nothing else is said: over some 8 s, and what each try takes. */
  public static final int QUIESCE_ATTEMPTS = 6;

  /** What a prediction may be wrong by when going anyway. */
  private static final int MARGIN = 2;

  /** How many deadlines the initial data may take when going anyway. */
  private static final int INITIAL_DATA_DEADLINES = 2;

  private static final Duration FIRST_BACKOFF = Duration.ofMillis(250);
  private static final Duration MAX_BACKOFF = Duration.ofSeconds(10);
  private static final int DOUBLINGS = 6;

  /**
   * Checks the settings.
   *
   * @throws IllegalArgumentException if one is out of its range
   */
  public DowntimePolicy {
    if (!deadline.isPositive()) {
      throw new IllegalArgumentException("deadline is more than 0, but this is " + deadline);
    }
    if (quiesceAttempts < 1) {
      throw new IllegalArgumentException("quiesceAttempts is at least 1, but this is " + quiesceAttempts);
    }
  }

  /** Makes a policy with {@value #QUIESCE_ATTEMPTS} attempts to enter the grace states. */
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

  /** Tells whether it is too early to try the grace states again. */
  private static boolean isBackingOff(RoundFacts facts) {
    if (facts.quiesceFailures() == 0) {
      return false;
    }
    Duration rest = FIRST_BACKOFF.multipliedBy(1L << Math.min(facts.quiesceFailures() - 1, DOUBLINGS));
    return facts.sinceQuiesceFailure().compareTo(rest.compareTo(MAX_BACKOFF) < 0 ? rest : MAX_BACKOFF) < 0;
  }
}
