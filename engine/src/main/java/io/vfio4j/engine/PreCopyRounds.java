// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Streams memory and devices while everything runs, in rounds, until the policy wants to switch over. */
final class PreCopyRounds {

  /** So many rounds are remembered, the first and the last ones: a policy may wait for days. */
  private static final int REMEMBERED = 2000;

  private static final int FIRST_REMEMBERED = 1000;

  private static final long FIRST_PAUSE_NANOS = 1_000_000;
  private static final long LAST_PAUSE_NANOS = 50_000_000;

  private final SourceStreams streams;
  private final MigrationOptions options;
  private final Narrator narrator;
  private final Forecast forecast;
  private final List<DeviceRound> devices = new ArrayList<>();
  private final List<MigrationReport.Round> rounds = new ArrayList<>();
  private final boolean acknowledged;
  private final boolean anyDevice;
  private Duration began = Duration.ZERO;
  private Duration quiesceFailedAt = Duration.ZERO;
  private int quiesceFailures;
  private int ended;
  private long pauseNanos = FIRST_PAUSE_NANOS;

  /**
   * Makes the rounds.
   *
   * @param forecast predicts, and is told what is measured
   * @param acknowledged whether the target is to acknowledge initial data
   */
  PreCopyRounds(SourceStreams streams, MigrationOptions options, Narrator narrator, Forecast forecast,
      boolean acknowledged) {
    this.streams = streams;
    this.options = options;
    this.narrator = narrator;
    this.forecast = forecast;
    this.acknowledged = acknowledged;
    streams.group().devices()
        .forEach(device -> devices.add(new DeviceRound(narrator, options.preCopy(), acknowledged)));
    this.anyDevice =
        streams.group().devices().stream().anyMatch(device -> roundOf(device).takesPart(device));
  }

  private DeviceRound roundOf(MovedDevice device) {
    return devices.get(device.number());
  }

  List<MigrationReport.Round> rounds() {
    return rounds;
  }

  /** Sends all memory once, and begins to read all devices that can be read while they run. */
  void begin() throws IOException {
    if (streams.memory().isPresent()) {
      sendAllMemory(streams.memory().get());
    }
    began = narrator.now();
    if (anyDevice) {
      narrator.enter(new Phase.PreCopy(ended + 1), "the devices can be read while they run");
      Duration before = narrator.now();
      streams.group().move(device -> roundOf(device).takesPart(device)
          ? Optional.of(DeviceState.PRE_COPY)
          : Optional.empty(), "move it to PRE_COPY", "pre-copy", streams.waiting());
      forecast.moveTook(narrator.now().minus(before));
      expectedBytes();
    }
  }

  private void sendAllMemory(SourceMemory memory) throws IOException {
    narrator.enter(new Phase.PreCopy(1), "all memory is sent once");
    memory.startLogs(streams.waiting());
    Duration start = narrator.now();
    streams.traffic().about(1, null);
    SourceStreams.Sent sent = streams.measured(() -> streams.await(memory.sendToBeConfirmed()));
    Duration took = narrator.now().minus(start);
    long devicesLeft = expectedBytes();
    long left = collect();
    streams.roundTrip().ifPresent(forecast::roundTripTook);
    end(new MigrationReport.Round(1, 0, sent.memory(), devicesLeft, left, streams.rate().bytesPerSecond(),
        took), forecast.predict(devicesLeft + left, 0, streams.rate(), !anyDevice));
  }

  /** Asks all devices what they would send if they stopped now, which tells as well what a call to them takes. */
  private long expectedBytes() throws IOException {
    Duration before = narrator.now();
    long expected = Switchover.expectedBytes(streams);
    forecast.callsTook(narrator.now().minus(before));
    return expected;
  }

  /** Reads the logs of dirty memory, if there is any; returns how much there is. */
  private long collect() throws IOException {
    if (streams.memory().isEmpty()) {
      return 0;
    }
    Duration before = narrator.now();
    long left = streams.memory().get().collect(streams.waiting());
    forecast.collectingTook(narrator.now().minus(before));
    return left;
  }

  /** The devices did not get to their grace states in time, and are where they were. */
  void quiesceFailed() {
    quiesceFailures++;
    quiesceFailedAt = narrator.now();
  }

  /**
   * Goes through as many rounds as it takes.
   *
   * @return how long the switchover may take
   * @throws NotConvergingException if the policy gives up
   */
  Decision.SwitchOver run() throws IOException {
    if (!anyDevice && streams.memory().isEmpty() && quiesceFailures == 0) {
      return new Decision.SwitchOver(Optional.of(options.maxDowntime()), "there is no pre-copy");
    }
    while (true) {
      Round round = round();
      switch (options.policy().decide(round.facts())) {
        case Decision.SwitchOver switchOver when round.facts().acknowledged() -> {
          return switchOver;
        }
        case Decision.SwitchOver _ -> goOn(round, "the target has not loaded all that was sent");
        case Decision.GiveUp giveUp -> throw new NotConvergingException(giveUp.reason());
        case Decision.GoOn goOn -> goOn(round, goOn.reason());
      }
    }
  }

  /**
   * A round that has ended.
   *
   * @param facts what the policy is told
   * @param dry whether there was nothing more to be sent
   */
  private record Round(RoundFacts facts, boolean dry) {
  }

  private void goOn(Round round, String why) throws IOException {
    if (round.dry()) {
      pause();
    }
    narrator.enter(new Phase.PreCopy(ended + 1), why);
  }

  private Round round() throws IOException {
    Duration start = narrator.now();
    streams.traffic().about(ended + 1, streams.traffic().prediction());
    List<DeviceRound.Result> results = new ArrayList<>();
    SourceStreams.Sent sent = streams.measured(
        () -> results.addAll(streams.round((device, pump) -> roundOf(device).run(device, pump))));
    expectedBytes();
    if (!sent.isNothing()) {
      streams.roundTrip().ifPresent(forecast::roundTripTook);
    }
    long memoryLeft = collect();
    streams.control().hear();
    Duration took = narrator.now().minus(start);
    DeviceTotals devicesThen = DeviceTotals.of(results);
    Prediction prediction = forecast.predict(devicesThen.left() + memoryLeft, devicesThen.assumed(),
        streams.rate(), devicesThen.initialDone());
    if (!sent.isNothing()) {
      pauseNanos = FIRST_PAUSE_NANOS;
      end(new MigrationReport.Round(ended + 1, sent.devices(), sent.memory(), devicesThen.left(),
          memoryLeft, streams.rate().bytesPerSecond(), took), prediction);
    }
    streams.traffic().about(Math.max(1, ended), prediction);
    return new Round(facts(devicesThen, memoryLeft, took, prediction, isAcknowledged(results)),
        devicesThen.dry() && memoryLeft == 0);
  }

  private RoundFacts facts(DeviceTotals totals, long memoryLeft, Duration took, Prediction prediction,
      boolean isAcknowledged) {
    return new RoundFacts(Math.max(1, ended), narrator.now().minus(began), totals.left(), memoryLeft,
        streams.rate().bytesPerSecond(), perSecond(totals.dirtied(), took), perSecond(memoryLeft, took),
        prediction.downtime(), options.maxDowntime(), totals.initialDone(), isAcknowledged, quiesceFailures,
        quiesceFailures == 0 ? Duration.ZERO : narrator.now().minus(quiesceFailedAt));
  }

  private static double perSecond(long bytes, Duration took) {
    return took.isPositive() ? bytes * 1e9 / took.toNanos() : 0;
  }

  private boolean isAcknowledged(List<DeviceRound.Result> results) {
    return streams.isConfirmed() && (!acknowledged || streams.group().devices().stream()
        .filter(device -> roundOf(device).takesPart(device))
        .allMatch(device -> results.get(device.number()).initialTold()
            && streams.control().hasLoadedInitial(device.number())));
  }

  private void end(MigrationReport.Round round, Prediction prediction) throws IOException {
    ended = round.number();
    if (rounds.size() == REMEMBERED) {
      rounds.remove(FIRST_REMEMBERED);
    }
    rounds.add(round);
    streams.link().out().sendRound(round.number());
    streams.traffic().about(round.number(), prediction);
    streams.traffic().tellProgress();
    narrator.tell(new MigrationEvent.RoundEnded(narrator.now(), round,
        OptionalLong.of(prediction.remaining()), Optional.of(prediction.downtime())));
  }

  /** Waits for the devices to have more. */
  private void pause() throws IOException {
    Interrupted.check();
    streams.control().look();
    narrator.clock().pause(pauseNanos);
    pauseNanos = Math.min(2 * pauseNanos, LAST_PAUSE_NANOS);
  }

  /** What a round did with all devices together. */
  private record DeviceTotals(long left, long assumed, long dirtied, boolean initialDone, boolean dry) {
    static DeviceTotals of(List<DeviceRound.Result> results) {
      long left = 0;
      long assumed = 0;
      long dirtied = 0;
      boolean initialDone = true;
      boolean dry = true;
      for (DeviceRound.Result result : results) {
        left += result.left();
        assumed += result.assumed();
        dirtied += Math.max(0, result.left() - result.expectedLeft());
        initialDone &= result.initialDone();
        dry &= result.dry();
      }
      return new DeviceTotals(left, assumed, dirtied, initialDone, dry);
    }
  }
}
