// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * The decisions of the default policy for every combination of the facts that matter to it, and their
 * reasons.
 */
class DowntimePolicyTest {

  private static final Duration DEADLINE = Duration.ofSeconds(100);
  private static final Duration LIMIT = Duration.ofMillis(300);
  private static final Duration LONG_AGO = Duration.ofMinutes(1);
  private static final int ATTEMPTS = 4;

  private static Decision decide(WhenNotConverging when, RoundFacts facts) {
    return new DowntimePolicy(DEADLINE, when, ATTEMPTS).decide(facts);
  }

  private static RoundFacts facts(Duration elapsed, Duration predicted, boolean initialDone,
      boolean acknowledged, int failures, Duration sinceFailure) {
    return new RoundFacts(7, elapsed, 30 << 20, 0, 10 << 20, 20 << 20, 0, predicted, LIMIT, initialDone,
        acknowledged, failures, sinceFailure);
  }

  private static RoundFacts slow(Duration elapsed) {
    return facts(elapsed, Duration.ofMillis(2500), true, true, 0, Duration.ZERO);
  }

  /** Every combination of the facts that matter. */
  private static List<RoundFacts> all() {
    List<RoundFacts> all = new ArrayList<>();
    for (long seconds : new long[] {0, 99, 100, 199, 200, 1000}) {
      for (long predicted : new long[] {0, 300, 301, 60_000}) {
        for (int flags = 0; flags < 4; flags++) {
          for (int failures = 0; failures <= ATTEMPTS; failures++) {
            for (Duration since : new Duration[] {Duration.ZERO, LONG_AGO}) {
              all.add(facts(Duration.ofSeconds(seconds), Duration.ofMillis(predicted), (flags & 1) != 0,
                  (flags & 2) != 0, failures, since));
            }
          }
        }
      }
    }
    return all;
  }

  private static boolean late(RoundFacts facts) {
    return facts.elapsed().compareTo(DEADLINE) >= 0;
  }

  @Test
  void waitsForInitialDataBeforeSwitchover() {
    for (WhenNotConverging when : WhenNotConverging.values()) {
      assertThat(all()).filteredOn(facts -> !facts.initialDone() || !facts.acknowledged())
          .noneMatch(facts -> decide(when, facts) instanceof Decision.SwitchOver);
    }
  }

  @Test
  void switchesOverAtOnceWithinLimit() {
    for (WhenNotConverging when : WhenNotConverging.values()) {
      assertThat(all())
          .filteredOn(facts -> facts.fits() && facts.sinceQuiesceFailure().equals(LONG_AGO)
              && facts.quiesceFailures() < ATTEMPTS)
          .isNotEmpty()
          .allSatisfy(facts -> assertThat(decide(when, facts)).isInstanceOfSatisfying(
              Decision.SwitchOver.class, s -> assertThat(s.maxDowntime()).contains(LIMIT)));
    }
  }

  @Test
  void abortsBeforeDeadlineOnlyOnQuiesceFailures() {
    for (WhenNotConverging when : WhenNotConverging.values()) {
      assertThat(all()).filteredOn(facts -> !late(facts) && facts.quiesceFailures() < ATTEMPTS)
          .noneMatch(facts -> decide(when, facts) instanceof Decision.Abort);
    }
  }

  @Test
  void neverAbortsWithWait() {
    assertThat(all()).noneMatch(facts -> decide(WhenNotConverging.WAIT, facts) instanceof Decision.Abort);
  }

  @Test
  void decidesAtDeadlineWithGiveUp() {
    assertThat(all()).filteredOn(DowntimePolicyTest::late)
        .noneMatch(facts -> decide(WhenNotConverging.ABORT, facts) instanceof Decision.Continue);
  }

  @Test
  void raisesLimitAbovePredictionWhenForced() {
    assertThat(all()).filteredOn(facts -> late(facts) && facts.isReady() && !facts.fits()
        && facts.sinceQuiesceFailure().equals(LONG_AGO) && facts.quiesceFailures() < ATTEMPTS)
        .isNotEmpty()
        .allSatisfy(facts -> assertThat(decide(WhenNotConverging.FORCE, facts)).isInstanceOfSatisfying(
            Decision.SwitchOver.class, s -> assertThat(s.maxDowntime())
                .contains(LIMIT.plus(facts.predictedDowntime()).plus(facts.predictedDowntime()))));
  }

  @Test
  void waitsForInitialDataUntilTwiceDeadlineWhenForced() {
    RoundFacts early = facts(Duration.ofSeconds(199), LIMIT, false, false, 0, Duration.ZERO);
    RoundFacts late = facts(Duration.ofSeconds(200), LIMIT, false, false, 0, Duration.ZERO);
    assertThat(decide(WhenNotConverging.FORCE, early)).isInstanceOf(Decision.Continue.class);
    assertThat(decide(WhenNotConverging.FORCE, late)).isInstanceOf(Decision.Abort.class);
    assertThat(decide(WhenNotConverging.FORCE, late).reason())
        .isEqualTo("after 200 s of pre-copy not all initial data has been sent: 30.0 MiB are left, and "
            + "10.0 MiB/s can be sent; allow more time or more bandwidth");
  }

  @Test
  void retriesQuiesceWithBackoff() {
    List<Long> rests = new ArrayList<>();
    DowntimePolicy patient =
        new DowntimePolicy(DEADLINE, WhenNotConverging.ABORT, Integer.MAX_VALUE);
    for (int failures = 1; failures <= 9; failures++) {
      long millis = 0;
      while (!(patient
          .decide(facts(Duration.ZERO, LIMIT, true, true, failures,
              Duration.ofMillis(millis))) instanceof Decision.SwitchOver)) {
        millis += 250;
      }
      rests.add(millis);
    }
    assertThat(rests).containsExactly(250L, 500L, 1000L, 2000L, 4000L, 8000L, 10_000L, 10_000L, 10_000L);
    assertThat(patient.decide(facts(Duration.ZERO, LIMIT, true, true, Integer.MAX_VALUE - 1, LONG_AGO)))
        .isInstanceOf(Decision.SwitchOver.class);
  }

  @Test
  void abortsWithoutDowntimeAfterQuiesceFailures() {
    RoundFacts facts = facts(Duration.ofSeconds(1), LIMIT, true, true, ATTEMPTS, LONG_AGO);
    assertThat(decide(WhenNotConverging.FORCE, facts)).isInstanceOf(Decision.Abort.class);
    assertThat(decide(WhenNotConverging.ABORT, facts).reason())
        .isEqualTo(
            "the devices did not quiesce in time in 4 attempts, none of which caused downtime; allow more time for "
                + "it, or reduce the load");
  }

  @Test
  void reportsRatesAndAdviceWhenAborting() {
    assertThat(decide(WhenNotConverging.ABORT, slow(DEADLINE)).reason())
        .isEqualTo(
            "after 100 s of pre-copy the switchover would still take 2500 ms, and the limit is 300 ms: "
                + "the device changes 20.0 MiB/s, and 10.0 MiB/s can be sent; allow more downtime, more bandwidth or "
                + "more time, or reduce the load");
  }

  @Test
  void distinguishesMemoryAndDeviceRates() {
    RoundFacts facts = new RoundFacts(3, DEADLINE, 1 << 20, 64 << 20, 100 << 20, 1 << 20, 90 << 20,
        Duration.ofMillis(650), LIMIT, true, true, 0, Duration.ZERO);
    assertThat(decide(WhenNotConverging.ABORT, facts).reason())
        .contains("devices change 1.0 MiB/s and memory 90.0 MiB/s, and 100.0 MiB/s can be sent");
  }

  @Test
  void reportsNonConvergenceEarly() {
    assertThat(decide(WhenNotConverging.ABORT, slow(Duration.ofSeconds(1))).reason())
        .isEqualTo(
            "the predicted downtime is 2500 ms: the device changes 20.0 MiB/s, and 10.0 MiB/s can be sent");
    assertThat(decide(WhenNotConverging.FORCE, slow(DEADLINE)).reason())
        .isEqualTo(
            "the predicted downtime of 2500 ms exceeds the limit of 300 ms; the switchover is forced, with a "
                + "limit of 5300 ms");
  }

  @Test
  void rejectsOutOfRangeSettingsAndFacts() {
    assertThatThrownBy(() -> new DowntimePolicy(Duration.ZERO, WhenNotConverging.WAIT))
        .hasMessage("deadline must be more than 0, not PT0S");
    assertThatThrownBy(() -> new DowntimePolicy(DEADLINE, WhenNotConverging.WAIT, 0))
        .hasMessage("quiesceAttempts must be at least 1, not 0");
    assertThatThrownBy(() -> new Decision.SwitchOver(Optional.of(Duration.ZERO), ""))
        .hasMessage("maxDowntime must be more than 0, not PT0S");
    assertThatThrownBy(() -> new RoundFacts(1, DEADLINE, 0, 0, Double.NaN, 0, 0, LIMIT, LIMIT, true, true, 0,
        Duration.ZERO)).hasMessage("bytesPerSecond cannot be NaN");
    assertThatThrownBy(() -> new RoundFacts(1, DEADLINE, -1, 0, 0, 0, 0, LIMIT, LIMIT, true, true, 0,
        Duration.ZERO)).hasMessage("deviceBytesLeft cannot be -1");
  }
}
