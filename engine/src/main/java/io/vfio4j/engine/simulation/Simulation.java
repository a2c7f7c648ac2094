// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import io.vfio4j.engine.policy.Decision;
import io.vfio4j.engine.policy.RoundFacts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Runs the rounds of a migration as the engine does. The first round sends all memory; the second one the
 * devices and the memory dirtied meanwhile; each further one what was dirtied in the previous one. The policy
 * is consulted at the end of each round except the first one of all memory; a round of devices alone ends
 * after a minute. If nothing is pending, a round is a pause, of 1 ms at first and up to 50 ms.
 */
public final class Simulation {

  /** The most rounds; a policy that has not decided by then counts as still waiting. */
  public static final int MAX_ROUNDS = 100_000;

  private static final double MAX_DEVICE_ROUND = 60;
  private static final double FIRST_PAUSE = 0.001;
  private static final double LAST_PAUSE = 0.050;

  private final SimulationSettings setting;
  private final List<SimulatedRound> rounds = new ArrayList<>();
  private RoundState round;
  private int number = 1;
  private double now;
  private double memorySentAt;
  private boolean everythingSent;
  private double sentBefore;
  private double sendingBefore;
  private double pause = FIRST_PAUSE;
  private int quiesceFailures;
  private double quiesceFailedAt;

  private Simulation(List<DirtySource> sources, SimulationSettings setting) {
    this.setting = setting;
    this.round = begin(PendingBytes.initial(List.copyOf(sources)));
  }

  /**
   * Simulates a migration.
   *
   * @param sources what is sent and changes meanwhile
   * @param setting the settings
   * @return the result; it always ends, by {@link SimulationSettings#horizon} or {@link #MAX_ROUNDS} at the
   *     latest
   * @throws IllegalArgumentException if there is more than 1 EiB to send
   */
  public static SimulatedMigration run(List<DirtySource> sources, SimulationSettings setting) {
    return new Simulation(sources, setting).run();
  }

  private SimulatedMigration run() {
    while (true) {
      now = endOfRound();
      Optional<SimulatedMigration> end = round.backlog().devicesDeferred()
          ? apply(new Decision.Continue("only memory has been sent"))
          : apply(setting.policy().decide(facts()));
      if (end.isPresent()) {
        return end.get();
      }
    }
  }

  private double endOfRound() {
    boolean memory = round.backlog().toSend(DirtySource.Kind.MEMORY) > 0;
    return memory ? round.end() : Math.min(round.end(), round.began() + MAX_DEVICE_ROUND);
  }

  private Optional<SimulatedMigration> apply(Decision decision) {
    recordRound();
    return switch (decision) {
      case Decision.Continue goOn when isHorizon() ->
        Optional.of(end(SimulatedMigration.Verdict.STILL_WAITING, goOn.reason()));
      case Decision.Continue _ -> {
        startNextRound(left(), now);
        yield Optional.empty();
      }
      case Decision.Abort giveUp ->
        Optional.of(end(SimulatedMigration.Verdict.ABORTED, giveUp.reason()));
      case Decision.SwitchOver switchOver -> switchOver(switchOver);
    };
  }

  private RoundFacts facts() {
    boolean allSent = everythingSent || now >= round.end();
    return new RoundFacts(number, Seconds.duration(now - memorySentAt), left().left(DirtySource.Kind.DEVICE),
        left().left(DirtySource.Kind.MEMORY), bytesPerSecond(), dirtiedPerSecond(DirtySource.Kind.DEVICE),
        dirtiedPerSecond(DirtySource.Kind.MEMORY), predictedDowntime(), setting.maxDowntime(), allSent,
        allSent,
        quiesceFailures,
        quiesceFailures == 0 ? Duration.ZERO : Seconds.duration(now - quiesceFailedAt));
  }

  private boolean isHorizon() {
    boolean late = now - memorySentAt >= Seconds.of(setting.horizon());
    return number > MAX_ROUNDS || (late && !round.backlog().devicesDeferred());
  }

  private PendingBytes left() {
    return round.leftAt(now);
  }

  private double dirtiedPerSecond(DirtySource.Kind kind) {
    return round.backlog().dirtiedPerSecond(kind, round.began(), now);
  }

  /** Returns the rate as measured by the engine, over everything sent so far. */
  private double bytesPerSecond() {
    double seconds = sendingBefore + round.sendingBy(now);
    return seconds > 0 ? sent() / seconds : 0;
  }

  private Duration predictedDowntime() {
    double rate = bytesPerSecond();
    double toSend = left().total() + left().stopCopyBytes();
    return setting.fixedCost().plus(Seconds.duration(rate > 0 ? toSend / rate : 0));
  }

  /** Records the round, unless it was a pause. */
  private void recordRound() {
    if (!round.isPause() || number == 1) {
      PendingBytes left = left();
      rounds.add(new SimulatedRound(number, Seconds.duration(round.began()),
          Seconds.duration(now - round.began()),
          Math.round(round.sentBy(now, DirtySource.Kind.DEVICE)),
          Math.round(round.sentBy(now, DirtySource.Kind.MEMORY)), left.left(DirtySource.Kind.DEVICE),
          left.left(DirtySource.Kind.MEMORY), predictedDowntime()));
    }
  }

  /** Starts the next round at the given time. */
  private void startNextRound(PendingBytes backlog, double at) {
    if (round.backlog().devicesDeferred()) {
      memorySentAt = now;
    } else {
      everythingSent |= now >= round.end();
    }
    sentBefore += round.sentBy(now);
    sendingBefore += round.sendingBy(now);
    if (round.isPause()) {
      pause = Math.min(2 * pause, LAST_PAUSE);
    } else {
      pause = FIRST_PAUSE;
      number++;
    }
    now = at;
    round = begin(backlog.forNextRound());
  }

  private RoundState begin(PendingBytes backlog) {
    return RoundState.begin(backlog, now, Seconds.of(setting.perRound()), pause, setting.link());
  }

  /** Simulates the transition to the P2P states, then the downtime. */
  private Optional<SimulatedMigration> switchOver(Decision.SwitchOver decision) {
    boolean late = setting.quiesceTime().compareTo(setting.maxQuiesce()) > 0;
    double then = now + Seconds.of(late ? setting.maxQuiesce() : setting.quiesceTime());
    PendingBytes rest = left().after(1, now, then);
    if (!late) {
      return Optional.of(stop(decision, rest, then));
    }
    if (isHorizon()) {
      return Optional.of(end(SimulatedMigration.Verdict.STILL_WAITING, decision.reason()));
    }
    quiesceFailures++;
    quiesceFailedAt = then;
    startNextRound(rest, then);
    return Optional.empty();
  }

  private SimulatedMigration stop(Decision.SwitchOver decision, PendingBytes rest, double stopped) {
    double fixed = Seconds.of(setting.fixedCost());
    double toSend = rest.total() + rest.stopCopyBytes();
    Duration needed = Seconds.duration(fixed + setting.link().secondsFor(toSend, stopped + fixed));
    Optional<Duration> exceeded = decision.maxDowntime().filter(limit -> limit.compareTo(needed) < 0);
    Duration downtime = exceeded.orElse(needed);
    double sentStopped = exceeded.isEmpty()
        ? toSend
        : setting.link().bytesIn(stopped + fixed, Math.max(stopped + fixed, stopped + Seconds.of(downtime)));
    return new SimulatedMigration(
        exceeded.isEmpty() ? SimulatedMigration.Verdict.MOVED : SimulatedMigration.Verdict.ROLLED_BACK,
        rounds,
        Seconds.duration(stopped).plus(downtime), Math.round(sent() + sentStopped), Math.round(toSend),
        predictedDowntime(), Optional.of(downtime), decision.reason());
  }

  private SimulatedMigration end(SimulatedMigration.Verdict verdict, String reason) {
    return new SimulatedMigration(verdict, rounds, Seconds.duration(now), Math.round(sent()),
        Math.round(left().total()) + left().stopCopyBytes(), predictedDowntime(), Optional.empty(), reason);
  }

  private double sent() {
    return sentBefore + round.sentBy(now);
  }
}
