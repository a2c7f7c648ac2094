// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.source;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.device.MigratingDevice;
import io.vfio4j.engine.policy.Decision;
import io.vfio4j.engine.policy.RoundFacts;
import io.vfio4j.engine.preflight.MigrationContext;
import io.vfio4j.engine.progress.Forecast;
import io.vfio4j.engine.progress.NotConvergingException;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.progress.Prediction;
import io.vfio4j.engine.util.Interrupts;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The rounds of pre-copy: streams memory and devices while everything runs, until the policy switches over or
 * aborts. Used by the coordinating thread.
 */
public final class PreCopyRounds {

  /** The most rounds kept for the report, the first and the last ones: a policy may wait for days. */
  private static final int MAX_KEPT = 2000;

  private static final int FIRST_KEPT = 1000;

  private static final long FIRST_PAUSE_NANOS = 1_000_000;
  private static final long LAST_PAUSE_NANOS = 50_000_000;

  private final SourceStreams streams;
  private final MigrationOptions options;
  private final PhaseTracker tracker;
  private final Forecast forecast;
  private final List<DeviceRound> devices = new ArrayList<>();
  private final List<MigrationReport.Round> rounds = new ArrayList<>();
  private final boolean acknowledged;
  private final boolean anyDevice;
  private Duration began = Duration.ZERO;
  private Duration quiesceFailedAt = Duration.ZERO;
  private int quiesceFailures;
  private int endedRounds;
  private long pauseNanos = FIRST_PAUSE_NANOS;

  /**
   * Creates the rounds; {@link #begin} starts them.
   *
   * @param forecast predicts the downtime, and receives the measurements of each round
   * @param acknowledged whether the target acknowledges initial data
   */
  public PreCopyRounds(MigrationContext context, SourceStreams streams, Forecast forecast,
      boolean acknowledged) {
    this.streams = streams;
    this.options = context.options();
    this.tracker = context.tracker();
    this.forecast = forecast;
    this.acknowledged = acknowledged;
    streams.group().devices()
        .forEach(device -> devices.add(new DeviceRound(tracker, options.preCopy(), acknowledged)));
    this.anyDevice =
        streams.group().devices().stream().anyMatch(device -> roundOf(device).participates(device));
  }

  private DeviceRound roundOf(MigratingDevice device) {
    return devices.get(device.number());
  }

  public List<MigrationReport.Round> rounds() {
    return rounds;
  }

  /** Sends all memory once, and moves the devices that support it to PRE_COPY. */
  public void begin() throws IOException {
    if (streams.memory().isPresent()) {
      sendAllMemory(streams.memory().get());
    }
    began = tracker.now();
    if (anyDevice) {
      tracker.enter(new Phase.PreCopy(endedRounds + 1), "the devices can be read while they run");
      Duration before = tracker.now();
      streams.group().move(device -> roundOf(device).participates(device)
          ? Optional.of(DeviceState.PRE_COPY)
          : Optional.empty(), "move it to PRE_COPY", "pre-copy", streams.waiter());
      forecast.recordMove(tracker.now().minus(before));
      expectedBytes();
    }
  }

  private void sendAllMemory(SourceMemory memory) throws IOException {
    tracker.enter(new Phase.PreCopy(1), "all memory is sent once");
    memory.startLogs(streams.waiter());
    Duration start = tracker.now();
    streams.accounting().setRound(1, null);
    SourceStreams.SentBytes sent = streams.measure(() -> streams.await(memory.sendForConfirmation()));
    Duration took = tracker.now().minus(start);
    long devicesLeft = expectedBytes();
    long left = collect();
    streams.roundTrip().ifPresent(forecast::recordRoundTrip);
    end(new MigrationReport.Round(1, 0, sent.memory(), devicesLeft, left, streams.rate().bytesPerSecond(),
        took), forecast.predict(devicesLeft + left, 0, streams.rate(), !anyDevice));
  }

  /** Queries how much the devices would send if they stopped now; this also measures a call. */
  private long expectedBytes() throws IOException {
    Duration before = tracker.now();
    long expected = Switchover.expectedBytes(streams);
    forecast.recordCalls(tracker.now().minus(before));
    return expected;
  }

  /** Reads the dirty logs, if there is memory; returns the dirty bytes. */
  private long collect() throws IOException {
    if (streams.memory().isEmpty()) {
      return 0;
    }
    Duration before = tracker.now();
    long left = streams.memory().get().collect(streams.waiter());
    forecast.recordCollection(tracker.now().minus(before));
    return left;
  }

  /**
   * Records that the devices did not reach their P2P states in time and are back in their previous states.
   */
  public void quiesceFailed() {
    quiesceFailures++;
    quiesceFailedAt = tracker.now();
  }

  /**
   * Runs rounds until the policy decides.
   *
   * @return the decision to switch over, with the maximum downtime
   * @throws NotConvergingException if the policy aborts
   */
  public Decision.SwitchOver run() throws IOException {
    if (!anyDevice && streams.memory().isEmpty() && quiesceFailures == 0) {
      return new Decision.SwitchOver(Optional.of(options.maxDowntime()), "no device supports pre-copy");
    }
    while (true) {
      Round round = round();
      switch (options.policy().decide(round.facts())) {
        case Decision.SwitchOver switchOver when round.facts().acknowledged() -> {
          return switchOver;
        }
        case Decision.SwitchOver _ ->
          startNextRound(round, "the target has not loaded everything that was sent");
        case Decision.Abort giveUp -> throw new NotConvergingException(giveUp.reason());
        case Decision.Continue goOn -> startNextRound(round, goOn.reason());
      }
    }
  }

  /**
   * A completed round.
   *
   * @param facts the input of the policy
   * @param dry whether nothing was left to send
   */
  private record Round(RoundFacts facts, boolean dry) {
  }

  private void startNextRound(Round round, String why) throws IOException {
    if (round.dry()) {
      pause();
    }
    tracker.enter(new Phase.PreCopy(endedRounds + 1), why);
  }

  private Round round() throws IOException {
    Duration start = tracker.now();
    streams.accounting().setRound(endedRounds + 1, streams.accounting().prediction());
    List<DeviceRound.Result> results = new ArrayList<>();
    SourceStreams.SentBytes sent = streams.measure(
        () -> results.addAll(streams.round((device, sender) -> roundOf(device).run(device, sender))));
    expectedBytes();
    if (!sent.isEmpty()) {
      streams.roundTrip().ifPresent(forecast::recordRoundTrip);
    }
    long memoryLeft = collect();
    streams.acks().poll();
    Duration took = tracker.now().minus(start);
    DeviceTotals devicesThen = DeviceTotals.of(results);
    Prediction prediction = forecast.predict(devicesThen.left() + memoryLeft, devicesThen.assumed(),
        streams.rate(), devicesThen.initialDone());
    if (!sent.isEmpty()) {
      pauseNanos = FIRST_PAUSE_NANOS;
      end(new MigrationReport.Round(endedRounds + 1, sent.devices(), sent.memory(), devicesThen.left(),
          memoryLeft, streams.rate().bytesPerSecond(), took), prediction);
    }
    streams.accounting().setRound(Math.max(1, endedRounds), prediction);
    return new Round(facts(devicesThen, memoryLeft, took, prediction, isAcknowledged(results)),
        devicesThen.dry() && memoryLeft == 0);
  }

  private RoundFacts facts(DeviceTotals totals, long memoryLeft, Duration took, Prediction prediction,
      boolean isAcknowledged) {
    return new RoundFacts(Math.max(1, endedRounds), tracker.now().minus(began), totals.left(), memoryLeft,
        streams.rate().bytesPerSecond(), perSecond(totals.dirtied(), took), perSecond(memoryLeft, took),
        prediction.downtime(), options.maxDowntime(), totals.initialDone(), isAcknowledged, quiesceFailures,
        quiesceFailures == 0 ? Duration.ZERO : tracker.now().minus(quiesceFailedAt));
  }

  private static double perSecond(long bytes, Duration took) {
    return took.isPositive() ? bytes * 1e9 / took.toNanos() : 0;
  }

  private boolean isAcknowledged(List<DeviceRound.Result> results) {
    return streams.isConfirmed() && (!acknowledged || streams.group().devices().stream()
        .filter(device -> roundOf(device).participates(device))
        .allMatch(device -> results.get(device.number()).initialReported()
            && streams.acks().hasLoadedInitial(device.number())));
  }

  private void end(MigrationReport.Round round, Prediction prediction) throws IOException {
    endedRounds = round.number();
    if (rounds.size() == MAX_KEPT) {
      rounds.remove(FIRST_KEPT);
    }
    rounds.add(round);
    streams.connection().out().sendRound(round.number());
    streams.accounting().setRound(round.number(), prediction);
    streams.accounting().reportProgress();
    tracker.report(new MigrationEvent.RoundEnd(tracker.now(), round,
        OptionalLong.of(prediction.remaining()), Optional.of(prediction.downtime())));
  }

  /** Waits for the devices to have more data. */
  private void pause() throws IOException {
    Interrupts.check();
    streams.acks().check();
    tracker.clock().pause(pauseNanos);
    pauseNanos = Math.min(2 * pauseNanos, LAST_PAUSE_NANOS);
  }

  /** The result of a round for all devices together. */
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
        dry &= result.isDry();
      }
      return new DeviceTotals(left, assumed, dirtied, initialDone, dry);
    }
  }
}
