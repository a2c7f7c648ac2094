// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.SavingSession;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Streams the state of a device while it runs, until the rest fits into the downtime. */
final class PreCopyRounds {

  /**
   * Allowed for what a device has to send only once it is stopped, where it gives no estimate: its
   * registers.
   */
  private static final long REGISTERS_BYTES = 64 << 10;

  /**
   * The move to PRE_COPY, which was measured, stands for those of a switchover: one to stop, one to start.
   */
  private static final int MOVES = 2;

  /** Round trips that a switchover takes: END and LOADED, YOURS and CONFIRMED. */
  private static final int ROUND_TRIPS = 2;

  private static final long FIRST_PAUSE_NANOS = 1_000_000;
  private static final long LAST_PAUSE_NANOS = 50_000_000;
  private static final Duration ALIVE_INTERVAL = Duration.ofSeconds(1);

  private final MovedDevice device;
  private final Link link;
  private final Pump pump;
  private final MigrationOptions options;
  private final Narrator narrator;
  private final Duration roundTrip;
  private final List<MigrationReport.Round> rounds = new ArrayList<>();
  private Duration fixedCost = Duration.ZERO;
  private Duration deadline = Duration.ZERO;
  private Duration lastSent = Duration.ZERO;
  private long pauseNanos = FIRST_PAUSE_NANOS;

  PreCopyRounds(MovedDevice device, Link link, Pump pump, MigrationOptions options, Narrator narrator,
      Duration roundTrip) {
    this.device = device;
    this.link = link;
    this.pump = pump;
    this.options = options;
    this.narrator = narrator;
    this.roundTrip = roundTrip;
  }

  List<MigrationReport.Round> rounds() {
    return rounds;
  }

  /** Goes through as many rounds as it takes. */
  void run() throws IOException {
    begin();
    while (true) {
      long pending = info().map(PreCopyInfo::pending).orElse(Long.MAX_VALUE);
      long dirtiedFrom = pending;
      Duration began = narrator.now();
      long before = pump.bytes();
      boolean dry = round(pending);
      long sent = pump.bytes() - before;
      Prediction prediction = predict(dry);
      end(new MigrationReport.Round(rounds.size() + 1, sent, narrator.now().minus(began)), prediction);
      if (prediction.fits(options.maxDowntime())) {
        return;
      }
      checkDeadline(new DirtyRate(dirtiedFrom - sent, prediction.remaining(), narrator.now().minus(began)));
      if (dry) {
        pause();
      }
      narrator.enter(new Phase.PreCopy(rounds.size() + 1),
          "what is left would take " + Words.time(prediction.downtime()));
    }
  }

  private void begin() throws IOException {
    narrator.enter(new Phase.PreCopy(1), "the device can be read while it runs");
    Duration before = narrator.now();
    deadline = before.plus(options.convergenceDeadline());
    device.move(DeviceState.PRE_COPY, "pre-copy");
    Duration move = narrator.now().minus(before);
    fixedCost = move.multipliedBy(MOVES).plus(roundTrip.multipliedBy(ROUND_TRIPS));
    lastSent = narrator.now();
  }

  /** Reads as much as was pending; tells whether the device ran dry. */
  private boolean round(long pending) throws IOException {
    pump.about(rounds.size() + 1, pump.prediction().orElse(null));
    for (long left = pending; left > 0;) {
      long count = pump.pump(device);
      if (count == SavingSession.NOTHING_NOW) {
        return true;
      }
      if (count == SavingSession.END) {
        throw device.brokeProtocol("its stream ends in PRE_COPY");
      }
      left -= count;
      pauseNanos = FIRST_PAUSE_NANOS;
      lastSent = narrator.now();
      if (lastSent.compareTo(deadline) > 0) {
        return false;
      }
    }
    return pending == 0;
  }

  private void end(MigrationReport.Round round, Prediction prediction) throws IOException {
    if (round.bytes() > 0) {
      rounds.add(round);
      link.out().sendRound(round.number());
      pump.about(round.number(), prediction);
      pump.tellProgress();
      narrator
          .tell(new MigrationEvent.RoundEnded(narrator.now(), round, OptionalLong.of(prediction.remaining()),
              Optional.of(prediction.downtime())));
    }
  }

  /** Predicts the switchover; a device that does not tell what is pending is judged by whether it ran dry. */
  private Prediction predict(boolean dry) throws DeviceException {
    Optional<PreCopyInfo> info = info();
    OptionalLong estimate = device.device().stopCopyLength();
    long pending = info.map(PreCopyInfo::pending).orElse(0L);
    long remaining = Math.max(pending, estimate.orElse(pending + REGISTERS_BYTES));
    boolean initialDone = info.map(i -> i.initialBytes() == 0).orElse(dry);
    return Prediction.of(remaining, pump.rate(), fixedCost, initialDone);
  }

  private Optional<PreCopyInfo> info() throws DeviceException {
    return device.preCopyInfo();
  }

  private void checkDeadline(DirtyRate dirty) throws NotConvergingException {
    if (narrator.now().compareTo(deadline) > 0) {
      throw new NotConvergingException(options, dirty.bytesPerSecond(), pump.rate(),
          pump.prediction().map(Prediction::downtime).orElse(fixedCost));
    }
  }

  /** Waits for the device to have more, and lets the target know that somebody is still there. */
  private void pause() throws IOException {
    link.checkComplaint();
    narrator.clock().pause(pauseNanos);
    pauseNanos = Math.min(2 * pauseNanos, LAST_PAUSE_NANOS);
    if (narrator.now().minus(lastSent).compareTo(ALIVE_INTERVAL) > 0) {
      link.out().send(FrameKind.ALIVE);
      lastSent = narrator.now();
    }
  }

  /** How fast the device changed in a round. */
  private record DirtyRate(long expectedLeft, long left, Duration took) {
    double bytesPerSecond() {
      double seconds = took.toNanos() / 1e9;
      return seconds > 0 ? Math.max(0, left - Math.max(0, expectedLeft)) / seconds : 0;
    }
  }
}
