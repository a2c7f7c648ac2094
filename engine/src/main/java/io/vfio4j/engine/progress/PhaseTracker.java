// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.NanoClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The phase of one side, its notes, and its listener. {@link #enter} is the only place that changes the
 * phase. Events may come from several threads; the lock serializes them, so a listener receives one at a
 * time.
 */
public final class PhaseTracker {

  private final Side side;
  private final NanoClock clock;
  private final MigrationListener listener;
  private final long began;
  private final Lock lock = new ReentrantLock();
  private final List<MigrationReport.PhaseTime> phaseTimes = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final List<Throwable> listenerFailures = new ArrayList<>();
  private volatile Phase phase = new Phase.PreFlight();
  private Duration phaseBegan = Duration.ZERO;
  private volatile boolean listenerFailuresIgnored;

  public PhaseTracker(Side side, NanoClock clock, MigrationListener listener) {
    this.side = side;
    this.clock = clock;
    this.listener = listener;
    this.began = clock.nanoTime();
  }

  public Side side() {
    return side;
  }

  public NanoClock clock() {
    return clock;
  }

  /** Returns the time since this side began. */
  public Duration now() {
    return Duration.ofNanos(clock.nanoTime() - began);
  }

  public Phase phase() {
    return phase;
  }

  /** Enters a phase, and reports it. */
  public void enter(Phase next, String reason) {
    Duration now = now();
    if (!next.title().equals(phase.title())) {
      phaseTimes.add(new MigrationReport.PhaseTime(phase.title(), phaseBegan, now.minus(phaseBegan)));
      phaseBegan = now;
    }
    phase = next;
    report(new MigrationEvent.PhaseStart(now, side, next, reason));
  }

  /** From now on, an exception of the listener no longer fails the run. */
  public void ignoreListenerFailures() {
    listenerFailuresIgnored = true;
  }

  /** Adds a note to the report, and reports it. */
  public void note(String text) {
    lock.lock();
    try {
      notes.add(text);
    } finally {
      lock.unlock();
    }
    report(new MigrationEvent.Note(now(), side, text));
  }

  public void report(MigrationEvent event) {
    lock.lock();
    try {
      listener.on(event);
    } catch (RuntimeException | Error e) {
      if (!listenerFailuresIgnored) {
        throw e;
      }
      listenerFailures.add(e);
    } finally {
      lock.unlock();
    }
  }

  public List<MigrationReport.PhaseTime> phaseTimes() {
    return phaseTimes;
  }

  /** Returns all notes, including those about exceptions of the listener. */
  public List<String> notes() {
    List<String> all = new ArrayList<>(notes);
    listenerFailures.forEach(e -> all.add("the listener failed: " + Exceptions.message(e)));
    return all;
  }

  /** Suppresses the listener's later exceptions in a failure. */
  public void suppressListenerFailures(Throwable failure) {
    listenerFailures.forEach(suppressed -> Exceptions.suppress(failure, suppressed));
  }
}
