// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.base.Quantities;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.model.DeviceState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The history of a migration, for the report after it. The events of both sides are on one clock, which starts with the side
 * of the first event. The engine calls {@link #on} under its event lock, and the rest is read after the last event.
 */
final class MigrationTimeline implements MigrationListener {

  private static final int MAX_ENTRIES = 1000;
  private static final int MAX_ROUNDS = 400;

  private final BoundedList<PhaseEntry> phases = new BoundedList<>(MAX_ENTRIES);
  private final BoundedList<StateChange> stateChanges = new BoundedList<>(MAX_ENTRIES);
  private final BoundedList<RoundEnd> rounds = new BoundedList<>(MAX_ROUNDS);
  private final BoundedList<Note> notes = new BoundedList<>(MAX_ENTRIES);
  private final Map<DeviceKey, PendingTransition> pendingTransitions = new LinkedHashMap<>();
  private final Map<Side, String> titles = new EnumMap<>(Side.class);
  private Instant startTime = Instant.now();
  private long startNanos = System.nanoTime();
  private boolean isStarted;

  /** A device of a side. */
  record DeviceKey(Side side, String device) {
  }

  /** The start of a phase of a side; all rounds of pre-copy are one phase. */
  record PhaseEntry(Duration at, Side side, String phase, String reason) {
  }

  private record PendingTransition(Duration at, MigrationEvent.TransitionStart event) {
  }

  /**
   * A state transition of a device.
   *
   * @param reached the resulting state; empty if the call has not returned
   */
  record StateChange(DeviceKey device, DeviceState from, DeviceState to, Optional<DeviceState> reached,
      Interval interval, String reason) {
  }

  /** A span of time since the migration began. */
  record Interval(Duration start, Duration end) {

    Duration duration() {
      return end.minus(start);
    }
  }

  /** The end of a round of pre-copy. */
  record RoundEnd(Duration at, MigrationReport.Round round, Optional<Duration> predictedDowntime) {
  }

  /** A note of the engine, or the writing of a journal record. */
  record Note(Duration at, Side side, String text) {
  }

  @Override
  public void on(MigrationEvent event) {
    if (!isStarted) {
      isStarted = true;
      // The first event comes after the start of the migration.
      startTime = Instant.now().minus(event.at());
      startNanos = System.nanoTime() - event.at().toNanos();
    }
    Duration now = elapsed();
    switch (event) {
      case MigrationEvent.PhaseStart e -> onPhase(now, e.side(), e.phase(), e.reason());
      case MigrationEvent.TransitionStart e ->
        pendingTransitions.put(new DeviceKey(e.side(), e.device()), new PendingTransition(now, e));
      case MigrationEvent.TransitionEnd e -> onTransitionEnd(now, e);
      case MigrationEvent.RoundEnd e -> rounds.add(new RoundEnd(now, e.round(), e.predictedDowntime()));
      case MigrationEvent.JournalWrite e ->
        notes.add(new Note(now, e.side(),
            "journal: %s, written in %s".formatted(e.step(), Quantities.time(e.duration()))));
      case MigrationEvent.Note e -> notes.add(new Note(now, e.side(), e.text()));
      case MigrationEvent.Progress _ -> {
        // The rounds suffice.
      }
    }
  }

  private void onPhase(Duration now, Side side, Phase phase, String reason) {
    if (!phase.title().equals(titles.put(side, phase.title()))) {
      phases.add(new PhaseEntry(now, side, phase.title(), reason));
    }
  }

  private void onTransitionEnd(Duration now, MigrationEvent.TransitionEnd event) {
    DeviceKey device = new DeviceKey(event.side(), event.device());
    PendingTransition pending = pendingTransitions.remove(device);
    if (pending != null) {
      stateChanges.add(new StateChange(device, pending.event().from(), pending.event().to(),
          Optional.of(event.to()), new Interval(pending.at(), now), event.reason()));
    }
  }

  /** Returns the time since the migration began. */
  Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }

  Instant startTime() {
    return startTime;
  }

  /** Returns the names of the source's devices, or the target's if there are only events of the target, sorted. */
  List<String> devices(Duration end) {
    List<DeviceKey> all = stateChanges(end).stream().map(StateChange::device).distinct().toList();
    Side side = all.stream().anyMatch(device -> device.side() == Side.SOURCE) ? Side.SOURCE : Side.TARGET;
    return all.stream().filter(device -> device.side() == side).map(DeviceKey::device).sorted().toList();
  }

  List<PhaseEntry> phases() {
    return phases.list();
  }

  /** Returns all transitions, the pending ones last, as if they ended at a time. */
  List<StateChange> stateChanges(Duration end) {
    List<StateChange> all = new ArrayList<>(stateChanges.list());
    pendingTransitions
        .forEach((device, pending) -> all.add(new StateChange(device, pending.event().from(),
            pending.event().to(), Optional.empty(), new Interval(pending.at(), end),
            pending.event().reason())));
    return all;
  }

  BoundedList<RoundEnd> rounds() {
    return rounds;
  }

  List<Note> notes() {
    return notes.list();
  }
}
