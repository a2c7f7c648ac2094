// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.stream.TargetCosts;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * Predicts the parts of the downtime from the measurements so far: device transitions and calls, round trips,
 * journal writes and the transfer rate. It does not include the pause and resumption of the workload, which
 * are not measured beforehand.
 *
 * <p>
 * A transition that stops or starts a device cannot be tried beforehand. It is estimated from the first
 * transition of each side: half of that to PRE_COPY for the stop, and half of that to RESUMING for all
 * transitions at the target. A first transition runs code that is not yet compiled; by the measurements in
 * docs/performance.md later ones take about half as long. If one of the two took many times as long as the
 * other, the machine was busy, and a few times the other is used instead. The calls between rounds are a
 * lower bound.
 *
 * <p>
 * A value that was measured only once, at the beginning, could prevent a switchover forever. So if a
 * prediction exceeds the limit, it is repeated with such values scaled down by as much as calls have become
 * faster since, but never below the lower bound. Repeating a prediction does not change it; only another
 * measurement does.
 */
public final class Forecast {

  /** Barriers at the target until it has loaded: a query, and the transition to STOP. */
  private static final int CALLS_TO_LOAD = 2;

  /** Barriers at the target until the devices run: a query and two transitions. */
  private static final int CALLS_TO_START = 3;

  private static final int TARGET_CALLS = CALLS_TO_LOAD + CALLS_TO_START;

  /** Journal writes at the target until it confirms: <em>committed</em> and <em>running</em>. */
  private static final int TARGET_RECORDS = 2;

  /** A first transition that took more than this many times as long as the other side's was disturbed. */
  private static final int MAX_RATIO_TO_OTHER = 3;

  /** How many times longer a first transition takes than later ones. */
  private static final int FIRST_TO_LATER = 2;

  private final Duration limit;
  private final boolean hasTarget;
  private final Optional<TargetCosts> target;
  private final Duration recording;
  private Duration roundTrip;
  private boolean roundTripMeasured;
  private Duration firstMove = Duration.ZERO;
  private Duration firstCall = Duration.ZERO;
  private Duration calls = Duration.ZERO;
  private boolean callsMeasured;
  private Duration collecting = Duration.ZERO;

  private Forecast(Duration limit, boolean hasTarget, Optional<TargetCosts> target, Duration recording,
      Duration roundTrip) {
    this.limit = limit;
    this.hasTarget = hasTarget;
    this.target = target;
    this.recording = recording;
    this.roundTrip = roundTrip;
  }

  /**
   * Creates a forecast for a migration to a target.
   *
   * @param limit the maximum downtime
   * @param costs the target's measurements; empty if it does not send them
   * @param recording time of a journal write at the source; zero without a journal
   * @param roundTrip time of the exchange of HELLO, including the target's checks; replaced by the first
   *     measured round trip
   */
  public static Forecast toTarget(Duration limit, Optional<TargetCosts> costs, Duration recording,
      Duration roundTrip) {
    return new Forecast(limit, true, costs, recording, roundTrip);
  }

  /** Creates a forecast for devices that are resumed here once their state is in a file. */
  public static Forecast toFile(Duration limit) {
    return new Forecast(limit, false, Optional.empty(), Duration.ZERO, Duration.ZERO);
  }

  /** Records the time of the transition to PRE_COPY, of all devices together. */
  public void recordMove(Duration time) {
    firstMove = time;
  }

  /** Records the time of a call to all devices, with exponential smoothing. */
  public void recordCalls(Duration time) {
    if (firstCall.isZero()) {
      firstCall = time;
      calls = time;
    } else {
      calls = callsMeasured ? smoothed(calls, time) : time; // The first call runs code that is not yet compiled.
      callsMeasured = true;
    }
  }

  /** Records the time of a round trip, with exponential smoothing. */
  public void recordRoundTrip(Duration time) {
    roundTrip = roundTripMeasured ? smoothed(roundTrip, time) : time; // Replaces the time of the HELLO exchange.
    roundTripMeasured = true;
  }

  /** Records the time to read the dirty logs, with exponential smoothing. */
  public void recordCollection(Duration time) {
    collecting = smoothed(collecting, time);
  }

  private static Duration smoothed(Duration before, Duration time) {
    return before.isZero() ? time : before.plus(time).dividedBy(2);
  }

  /**
   * Returns a prediction.
   *
   * @param known bytes that must be sent
   * @param assumed bytes that may have to be sent
   * @param rate the measured rate
   * @param initialDone whether all initial data has been read
   */
  public Prediction predict(long known, long assumed, TransferRate rate, boolean initialDone) {
    DowntimeParts parts = parts(known, assumed, rate, 1);
    if (parts.total().compareTo(limit) > 0) {
      parts = parts(known, assumed, rate, slowdown());
    }
    return new Prediction(known + assumed, parts, initialDone);
  }

  /** Returns the current time of calls relative to the first ones, at most 1. */
  private double slowdown() {
    return firstCall.isZero() || calls.compareTo(firstCall) >= 0
        ? 1
        : (double) calls.toNanos() / firstCall.toNanos();
  }

  private DowntimeParts parts(long known, long assumed, TransferRate rate, double ofFirst) {
    Map<DowntimeParts.Part, Duration> parts = new EnumMap<>(DowntimeParts.Part.class);
    Duration there = target.map(TargetCosts::transitionTime).orElse(firstMove);
    Duration here = firstMove.isZero() ? there : firstMove;
    Duration moveHere = longer(laterMoves(here, there, ofFirst), calls);
    parts.put(DowntimeParts.Part.STOPPING, moveHere.plus(collecting));
    Duration sending = scaled(rate.timeFor(known), rate.isSmallSample() ? ofFirst : 1);
    parts.put(DowntimeParts.Part.SENDING, sending.plus(rate.timeForAssumed(assumed)));
    if (hasTarget) {
      addTarget(parts, longer(laterMoves(there, here, ofFirst), calls.multipliedBy(TARGET_CALLS)));
    } else {
      parts.put(DowntimeParts.Part.RESTARTING, moveHere);
    }
    return new DowntimeParts(parts);
  }

  private void addTarget(Map<DowntimeParts.Part, Duration> parts, Duration moves) {
    Duration loading = moves.multipliedBy(CALLS_TO_LOAD).dividedBy(TARGET_CALLS);
    Duration records = target.map(TargetCosts::journalTime).orElse(recording).multipliedBy(TARGET_RECORDS);
    parts.put(DowntimeParts.Part.LOADING, roundTrip.plus(loading));
    if (recording.isPositive()) {
      parts.put(DowntimeParts.Part.RECORDING, recording);
    }
    parts.put(DowntimeParts.Part.STARTING, roundTrip.plus(moves.minus(loading)).plus(records));
  }

  /**
   * Returns the time of transitions after a side's first one, for which the other side's is a measure too.
   */
  private static Duration laterMoves(Duration first, Duration ofOther, double factor) {
    Duration most = ofOther.multipliedBy(MAX_RATIO_TO_OTHER);
    return scaled(shorter(first, most).dividedBy(FIRST_TO_LATER), factor);
  }

  private static Duration scaled(Duration time, double factor) {
    return Duration.ofNanos((long) (time.toNanos() * factor));
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) >= 0 ? one : other;
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) <= 0 ? one : other;
  }
}
