// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

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
  private static final int PATIENCE = 2;

  private static final Duration FIRST_REST = Duration.ofMillis(250);
  private static final Duration LONGEST_REST = Duration.ofSeconds(10);
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
    PolicyWords words = new PolicyWords(facts);
    if (facts.quiesceFailures() >= quiesceAttempts && whenNotConverging != WhenNotConverging.WAIT) {
      return new Decision.GiveUp(words.notQuiescing());
    }
    if (facts.fits() && !rests(facts)) {
      return new Decision.SwitchOver(Optional.of(facts.maxDowntime()), words.fits());
    }
    return facts.elapsed().compareTo(deadline) < 0 ? new Decision.GoOn(words.goOn())
        : atDeadline(facts, words);
  }

  private Decision atDeadline(RoundFacts facts, PolicyWords words) {
    return switch (whenNotConverging) {
      case WAIT -> new Decision.GoOn(words.goOn());
      case GIVE_UP -> new Decision.GiveUp(words.notConverging());
      case GO_ANYWAY -> goAnyway(facts, words);
    };
  }

  private Decision goAnyway(RoundFacts facts, PolicyWords words) {
    if (facts.ready() && !rests(facts)) {
      Duration limit = facts.maxDowntime().plus(facts.predictedDowntime().multipliedBy(MARGIN));
      return new Decision.SwitchOver(Optional.of(limit), words.goAnyway(limit));
    }
    if (!facts.ready() && facts.elapsed().compareTo(deadline.multipliedBy(PATIENCE)) >= 0) {
      return new Decision.GiveUp(words.notConverging());
    }
    return new Decision.GoOn(words.goOn());
  }

  /** Tells whether it is too early to try the grace states again. */
  private static boolean rests(RoundFacts facts) {
    if (facts.quiesceFailures() == 0) {
      return false;
    }
    Duration rest = FIRST_REST.multipliedBy(1L << Math.min(facts.quiesceFailures() - 1, DOUBLINGS));
    return facts.sinceQuiesceFailure().compareTo(rest.compareTo(LONGEST_REST) < 0 ? rest : LONGEST_REST) < 0;
  }
}
