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

/** What happened in a migration, for whoever tells of it afterwards; both sides by one
 * clock, which begins with the side that the first event is of. */
final class MigrationTimeline implements MigrationListener {

  private static final int MAX_ENTRIES = 1000;
  private static final int MAX_ROUNDS = 400;

  private final BoundedList<PhaseEntry> phases = new BoundedList<>(MAX_ENTRIES);
  private final BoundedList<StateChange> moves = new BoundedList<>(MAX_ENTRIES);
  private final BoundedList<RoundEnd> rounds = new BoundedList<>(MAX_ROUNDS);
  private final BoundedList<Note> notes = new BoundedList<>(MAX_ENTRIES);
  private final Map<DeviceKey, PendingMove> pendingMoves = new LinkedHashMap<>();
  private final Map<Side, String> titles = new EnumMap<>(Side.class);
  private Instant startTime = Instant.now();
  private long startNanos = System.nanoTime();
  private boolean isStarted;

  /** A device of a side. */
  record DeviceKey(Side side, String device) {
  }

  /** A side entered a phase; the rounds of pre-copy are one. */
  record PhaseEntry(Duration at, Side side, String phase, String reason) {
  }

  private record PendingMove(Duration at, MigrationEvent.TransitionStart event) {
  }

  /** A device was moved; it reached nothing that is known if its call has not returned. */
  record StateChange(DeviceKey device, DeviceState from, DeviceState to, Optional<DeviceState> reached,
      Duration began,
      Duration ended, String reason) {
  }

  /** A round ended. */
  record RoundEnd(Duration at, MigrationReport.Round round, Optional<Duration> predictedDowntime) {
  }

  /** Something worth telling. */
  record Note(Duration at, Side side, String text) {
  }

  @Override
  public void on(MigrationEvent event) {
    if (!isStarted) {
      isStarted = true;
      // The first event is not the beginning: what came before it counts in the report, too.
      startTime = Instant.now().minus(event.at());
      startNanos = System.nanoTime() - event.at().toNanos();
    }
    Duration now = elapsed();
    switch (event) {
      case MigrationEvent.PhaseStart e -> onPhase(now, e.side(), e.phase(), e.reason());
      case MigrationEvent.TransitionStart e ->
        pendingMoves.put(new DeviceKey(e.side(), e.device()), new PendingMove(now, e));
      case MigrationEvent.TransitionEnd e -> onDeviceMoved(now, e);
      case MigrationEvent.RoundEnd e -> rounds.add(new RoundEnd(now, e.round(), e.predictedDowntime()));
      case MigrationEvent.JournalWrite e ->
        notes.add(new Note(now, e.side(),
            "journal: %s, put down in %s".formatted(e.step(), Quantities.time(e.duration()))));
      case MigrationEvent.Note e -> notes.add(new Note(now, e.side(), e.text()));
      case MigrationEvent.Progress _ -> {
        // The rounds say enough.
      }
    }
  }

  private void onPhase(Duration now, Side side, Phase phase, String reason) {
    if (!phase.title().equals(titles.put(side, phase.title()))) {
      phases.add(new PhaseEntry(now, side, phase.title(), reason));
    }
  }

  private void onDeviceMoved(Duration now, MigrationEvent.TransitionEnd moved) {
    DeviceKey device = new DeviceKey(moved.side(), moved.device());
    PendingMove begun = pendingMoves.remove(device);
    if (begun != null) {
      moves.add(new StateChange(device, begun.event().from(), begun.event().to(), Optional.of(moved.to()),
          begun.at(), now, moved.reason()));
    }
  }

  /** Returns the time since the migration began. */
  Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }

  Instant startTime() {
    return startTime;
  }

  /** Returns the names of the devices that leave, or where only the target tells, of those that receive, in order. */
  List<String> devices(Duration end) {
    List<DeviceKey> all = moves(end).stream().map(StateChange::device).distinct().toList();
    Side side = all.stream().anyMatch(device -> device.side() == Side.SOURCE) ? Side.SOURCE : Side.TARGET;
    return all.stream().filter(device -> device.side() == side).map(DeviceKey::device).sorted().toList();
  }

  List<PhaseEntry> phases() {
    return phases.list();
  }

  /** Returns all moves, those that have not ended last. */
  List<StateChange> moves(Duration end) {
    List<StateChange> all = new ArrayList<>(moves.list());
    pendingMoves
        .forEach((device, begun) -> all.add(new StateChange(device, begun.event().from(), begun.event().to(),
            Optional.empty(), begun.at(), end, begun.event().reason())));
    return all;
  }

  BoundedList<RoundEnd> rounds() {
    return rounds;
  }

  List<Note> notes() {
    return notes.list();
  }
}
