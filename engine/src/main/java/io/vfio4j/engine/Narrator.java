// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Knows in which phase a side is, and is the only one who changes that; tells the listener all that
 * happens, one event at a time, though several threads have something to tell.
 */
final class Narrator {

  private final Side side;
  private final NanoClock clock;
  private final MigrationListener listener;
  private final long began;
  private final Lock lock = new ReentrantLock();
  private final List<MigrationReport.PhaseTime> phaseTimes = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final List<Throwable> mishaps = new ArrayList<>();
  private volatile Phase phase = new Phase.PreFlight();
  private Duration phaseBegan = Duration.ZERO;
  private volatile boolean shielded;

  Narrator(Side side, NanoClock clock, MigrationListener listener) {
    this.side = side;
    this.clock = clock;
    this.listener = listener;
    this.began = clock.nanoTime();
  }

  Side side() {
    return side;
  }

  NanoClock clock() {
    return clock;
  }

  /** Returns the time since this side began. */
  Duration now() {
    return Duration.ofNanos(clock.nanoTime() - began);
  }

  Phase phase() {
    return phase;
  }

  /** Changes the phase. */
  void enter(Phase next, String reason) {
    Duration now = now();
    if (!next.title().equals(phase.title())) {
      phaseTimes.add(new MigrationReport.PhaseTime(phase.title(), phaseBegan, now.minus(phaseBegan)));
      phaseBegan = now;
    }
    phase = next;
    tell(new MigrationEvent.PhaseBegan(now, side, next, reason));
  }

  /** From here on an exception of the listener no longer changes what happens. */
  void shield() {
    shielded = true;
  }

  /** Keeps a note for the report and tells it. */
  void note(String text) {
    lock.lock();
    try {
      notes.add(text);
    } finally {
      lock.unlock();
    }
    tell(new MigrationEvent.Noted(now(), side, text));
  }

  void tell(MigrationEvent event) {
    lock.lock();
    try {
      listener.on(event);
    } catch (RuntimeException | Error e) {
      if (!shielded) {
        throw e;
      }
      mishaps.add(e);
    } finally {
      lock.unlock();
    }
  }

  List<MigrationReport.PhaseTime> phaseTimes() {
    return phaseTimes;
  }

  /** Returns all notes, those about the listener's own failures included. */
  List<String> notes() {
    List<String> all = new ArrayList<>(notes);
    mishaps.forEach(e -> all.add("the listener failed: " + Suppression.message(e)));
    return all;
  }

  /** Adds to a failure what the listener threw later. */
  void suppressMishapsIn(Throwable failure) {
    mishaps.forEach(mishap -> Suppression.keep(failure, mishap));
  }
}
