// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * The rounds of a real migration, from which a simulation can be derived.
 *
 * <p>
 * What was dirtied between the starts of two rounds is what the second one sent; for the last round, what was
 * left. A pause between rounds belongs to the round before it.
 */
public final class RoundTrace {

  /** How far rounds may overlap because of rounded times. */
  private static final Duration ROUNDING = Duration.ofMillis(1);

  private final List<Round> rounds;

  /**
   * A measured round.
   *
   * @param number from 1
   * @param end time since the migration began
   * @param took its duration, at most {@code end}
   * @param deviceBytes bytes of devices sent
   * @param memoryBytes bytes of memory sent
   * @param deviceLeft bytes of devices pending at its end
   * @param memoryLeft bytes of memory pending at its end
   * @param bytesPerSecond the rate from which the downtime was predicted; 0 if none
   * @param predictedDowntime the predicted downtime
   */
  public record Round(int number, Duration end, Duration took, long deviceBytes, long memoryBytes,
      long deviceLeft, long memoryLeft, double bytesPerSecond, Duration predictedDowntime) {

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a value is out of range
     */
    public Round {
      Ranges.requireNotNegative(took, "took");
      if (end.compareTo(took) < 0) {
        throw new IllegalArgumentException("a round that took %s cannot end at %s"
            .formatted(Seconds.format(took), Seconds.format(end)));
      }
      Ranges.requireNotNegative(deviceBytes, "deviceBytes");
      Ranges.requireNotNegative(memoryBytes, "memoryBytes");
      Ranges.requireNotNegative(deviceLeft, "deviceLeft");
      Ranges.requireNotNegative(memoryLeft, "memoryLeft");
      Ranges.requireRate(bytesPerSecond, "bytesPerSecond");
      Ranges.requireNotNegative(predictedDowntime, "predictedDowntime");
    }

    private Duration began() {
      return end.minus(took);
    }

    private double bytes() {
      return (double) deviceBytes + memoryBytes;
    }

    /** Returns the predicted downtime without the time for sending. */
    private Duration fixedCost() {
      double left = (double) deviceLeft + memoryLeft;
      Duration rest = bytesPerSecond == 0
          ? predictedDowntime
          : predictedDowntime.minus(Seconds.duration(left / bytesPerSecond));
      return rest.isNegative() ? Duration.ZERO : rest;
    }
  }

  /**
   * Creates a trace.
   *
   * @throws IllegalArgumentException if there is no round, one is missing, one starts before the previous one
   *     ended, or nothing was sent
   */
  public RoundTrace(List<Round> rounds) {
    this.rounds = List.copyOf(rounds);
    if (rounds.isEmpty()) {
      throw new IllegalArgumentException("no rounds");
    }
    for (int i = 0; i < rounds.size(); i++) {
      if (rounds.get(i).number() != i + 1) {
        throw new IllegalArgumentException("round %d is missing".formatted(i + 1));
      }
      if (i > 0 && rounds.get(i).began().plus(ROUNDING).compareTo(rounds.get(i - 1).end()) < 0) {
        throw new IllegalArgumentException("round %d starts before round %d has ended".formatted(i + 1, i));
      }
    }
    if (intervals().isEmpty()) {
      throw new IllegalArgumentException("no round sent anything");
    }
  }

  /** Returns the rounds, in order. */
  public List<Round> rounds() {
    return rounds;
  }

  /** Returns the rate of the link in each round; times are since pre-copy began. */
  public LinkRate link() {
    return LinkRate.of(intervals());
  }

  /** Returns the downtime without the time for sending, as predicted by the last round. */
  public Duration fixedCost() {
    return rounds.getLast().fixedCost();
  }

  /** Returns the devices and the memory as sources; without a kind that sent nothing. */
  public List<DirtySource> sources() {
    List<DirtySource> sources = new ArrayList<>();
    add(sources, DirtySource.Kind.DEVICE, Round::deviceBytes, Round::deviceLeft);
    add(sources, DirtySource.Kind.MEMORY, Round::memoryBytes, Round::memoryLeft);
    return sources;
  }

  private void add(List<DirtySource> sources, DirtySource.Kind kind, ToLongFunction<Round> bytes,
      ToLongFunction<Round> left) {
    List<Round> seen = rounds.stream().dropWhile(round -> bytes.applyAsLong(round) == 0).toList();
    if (seen.isEmpty()) {
      // Nothing of it is sent before the downtime.
      long whenStopped = left.applyAsLong(rounds.getLast());
      if (whenStopped > 0) {
        sources.add(new DirtySource.Measured(kind, 0, 0, whenStopped, new DirtyCurve(List.of())));
      }
      return;
    }
    long whenStopped = kind == DirtySource.Kind.DEVICE ? stopCopyBytes(seen, bytes, left) : 0;
    long size = Math.max(seen.stream().mapToLong(bytes).max().orElseThrow(),
        left.applyAsLong(seen.getLast()) - whenStopped);
    sources.add(new DirtySource.Measured(kind, bytes.applyAsLong(seen.getFirst()), size, whenStopped,
        new DirtyCurve(points(seen, bytes, left, whenStopped))));
  }

  /** Returns what was pending and never sent in the next round, and so is sent only during the downtime. */
  private static long stopCopyBytes(List<Round> rounds, ToLongFunction<Round> bytes,
      ToLongFunction<Round> left) {
    long least = Long.MAX_VALUE;
    for (int i = 0; i + 1 < rounds.size(); i++) {
      least = Math.min(least,
          Math.max(0, left.applyAsLong(rounds.get(i)) - bytes.applyAsLong(rounds.get(i + 1))));
    }
    return rounds.size() == 1 ? 0 : least;
  }

  private static List<DirtyCurve.Point> points(List<Round> rounds, ToLongFunction<Round> bytes,
      ToLongFunction<Round> left, long whenStopped) {
    List<DirtyCurve.Point> points = new ArrayList<>();
    for (int i = 0; i < rounds.size(); i++) {
      boolean last = i + 1 == rounds.size();
      Duration until = last ? rounds.get(i).end() : rounds.get(i + 1).began();
      double seconds = Seconds.of(until.minus(rounds.get(i).began()));
      long dirtied = last
          ? Math.max(0, left.applyAsLong(rounds.get(i)) - whenStopped)
          : bytes.applyAsLong(rounds.get(i + 1));
      if (seconds > 0) {
        points.add(new DirtyCurve.Point(seconds, dirtied));
      }
    }
    return points;
  }

  private List<LinkRate.Interval> intervals() {
    Duration preCopyBegan = rounds.getFirst().began();
    List<LinkRate.Interval> stretches = new ArrayList<>();
    for (Round round : rounds) {
      Duration end = round.end().minus(preCopyBegan);
      boolean later = stretches.isEmpty() || end.compareTo(stretches.getLast().end()) > 0;
      if (later && round.bytes() > 0 && round.took().isPositive()) {
        stretches.add(new LinkRate.Interval(end, round.bytes() / Seconds.of(round.took())));
      }
    }
    return stretches;
  }
}
