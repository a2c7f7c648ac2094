// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.stream.TargetCosts;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * Predicts how long a switchover would take, part by part, from what was measured so far: moves of devices, calls to them,
 * round trips, records in the journals, and what was sent. What the workload takes to pause and to resume nobody has
 * measured, and is not in it.
 *
 * <p>
 * A move that stops or starts a device cannot be tried beforehand. What stands for it is the first move of either side:
 * half of that to PRE_COPY for the stop, and half of that to RESUMING for all moves at the target. A first move meets code
 * that has never run; by the measurements in docs/performance.md those that follow take about half of it. Where one of the two took many times as long as the other, it met a busy moment, and
 * a few times the other stands for it. The calls that are made between the rounds are a floor below that.
 *
 * <p>
 * What was measured only once, at the beginning, may stand in the way of a switchover for ever. So where a prediction is
 * longer than the limit, it is made anew with such measurements as much shorter as calls have become since, and never
 * shorter than the floor. To ask again does not change it: only another measurement does.
 */
public final class Forecast {

  /** Calls to all devices at the target until it has loaded: one to ask, one to move to STOP. */
  private static final int CALLS_TO_LOAD = 2;

  /** Calls to all devices at the target until they run: one to ask, and two to move. */
  private static final int CALLS_TO_START = 3;

  private static final int TARGET_CALLS = CALLS_TO_LOAD + CALLS_TO_START;

  /** Records in the target's journal until it confirms: that the devices are its own, and that they run. */
  private static final int TARGET_RECORDS = 2;

  /** A first move that took more than so many times as long as that of the other side met a busy moment. */
  private static final int MAX_RATIO_TO_OTHER = 3;

  /** What a first move takes longer than those that follow. */
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
   * Makes one for devices that go to a target.
   *
   * @param limit how long the downtime may last
   * @param costs what the target reported; empty where it does not
   * @param recording what a record in the source's journal takes; zero without one
   * @param roundTrip what the exchange of HELLOs took, with all that the target does for it; until a round trip is measured
   */
  public static Forecast toTarget(Duration limit, Optional<TargetCosts> costs, Duration recording,
      Duration roundTrip) {
    return new Forecast(limit, true, costs, recording, roundTrip);
  }

  /** Makes one for devices that go on here when their state is in a file. */
  public static Forecast toFile(Duration limit) {
    return new Forecast(limit, false, Optional.empty(), Duration.ZERO, Duration.ZERO);
  }

  /** All devices together took so long to move to PRE_COPY. */
  public void recordMove(Duration time) {
    firstMove = time;
  }

  /** A call to all devices at once took so long; the last ones count most. */
  public void recordCalls(Duration time) {
    if (firstCall.isZero()) {
      firstCall = time;
      calls = time;
    } else {
      calls = callsMeasured ? smoothed(calls, time) : time; // The first one meets code that has never run.
      callsMeasured = true;
    }
  }

  /** An exchange of messages took so long; the last ones count most. */
  public void recordRoundTrip(Duration time) {
    roundTrip = roundTripMeasured ? smoothed(roundTrip, time) : time; // Instead of what the HELLO took.
    roundTripMeasured = true;
  }

  /** It took so long to read the logs of dirty memory; the last ones count most. */
  public void recordCollection(Duration time) {
    collecting = smoothed(collecting, time);
  }

  private static Duration smoothed(Duration before, Duration time) {
    return before.isZero() ? time : before.plus(time).dividedBy(2);
  }

  /**
   * Predicts.
   *
   * @param known bytes that have to be sent
   * @param assumed bytes of which nobody knows whether they have to be sent
   * @param rate what was measured
   * @param initialDone whether all initial data has been read
   */
  public Prediction predict(long known, long assumed, TransferRate rate, boolean initialDone) {
    DowntimeParts parts = parts(known, assumed, rate, 1);
    if (parts.total().compareTo(limit) > 0) {
      parts = parts(known, assumed, rate, slowdown());
    }
    return new Prediction(known + assumed, parts, initialDone);
  }

  /** Returns what calls take now beside what they took at first, at most 1. */
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

  /** Returns what moves take that come after a side's first one, which is measured by that of the other side too. */
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
