// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.Quantities;
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
final class Story implements MigrationListener {

  private static final int MOST = 1000;
  private static final int MOST_ROUNDS = 400;

  private final Bounded<Entered> phases = new Bounded<>(MOST);
  private final Bounded<Move> moves = new Bounded<>(MOST);
  private final Bounded<RoundEnd> rounds = new Bounded<>(MOST_ROUNDS);
  private final Bounded<Note> notes = new Bounded<>(MOST);
  private final Map<At, Begun> onTheirWay = new LinkedHashMap<>();
  private final Map<Side, String> titles = new EnumMap<>(Side.class);
  private Instant began = Instant.now();
  private long beganNanos = System.nanoTime();
  private boolean isBegun;

  /** A device of a side. */
  record At(Side side, String device) {
  }

  /** A side entered a phase; the rounds of pre-copy are one. */
  record Entered(Duration at, Side side, String phase, String reason) {
  }

  private record Begun(Duration at, MigrationEvent.TransitionStart event) {
  }

  /** A device was moved; it reached nothing that is known if its call has not returned. */
  record Move(At device, DeviceState from, DeviceState to, Optional<DeviceState> reached, Duration began,
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
    if (!isBegun) {
      isBegun = true;
      // The first event is not the beginning: what came before it counts in the report, too.
      began = Instant.now().minus(event.at());
      beganNanos = System.nanoTime() - event.at().toNanos();
    }
    Duration now = now();
    switch (event) {
      case MigrationEvent.PhaseStart e -> entered(now, e.side(), e.phase(), e.reason());
      case MigrationEvent.TransitionStart e ->
        onTheirWay.put(new At(e.side(), e.device()), new Begun(now, e));
      case MigrationEvent.TransitionEnd e -> moved(now, e);
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

  private void entered(Duration now, Side side, Phase phase, String reason) {
    if (!phase.title().equals(titles.put(side, phase.title()))) {
      phases.add(new Entered(now, side, phase.title(), reason));
    }
  }

  private void moved(Duration now, MigrationEvent.TransitionEnd moved) {
    At device = new At(moved.side(), moved.device());
    Begun begun = onTheirWay.remove(device);
    if (begun != null) {
      moves.add(new Move(device, begun.event().from(), begun.event().to(), Optional.of(moved.to()),
          begun.at(), now, moved.reason()));
    }
  }

  /** Returns the time since the migration began. */
  Duration now() {
    return Duration.ofNanos(System.nanoTime() - beganNanos);
  }

  Instant began() {
    return began;
  }

  /** Returns the names of the devices that leave, or where only the target tells, of those that receive, in order. */
  List<String> devices(Duration end) {
    List<At> all = moves(end).stream().map(Move::device).distinct().toList();
    Side side = all.stream().anyMatch(device -> device.side() == Side.SOURCE) ? Side.SOURCE : Side.TARGET;
    return all.stream().filter(device -> device.side() == side).map(At::device).sorted().toList();
  }

  List<Entered> phases() {
    return phases.list();
  }

  /** Returns all moves, those that have not ended last. */
  List<Move> moves(Duration end) {
    List<Move> all = new ArrayList<>(moves.list());
    onTheirWay.forEach((device, begun) -> all.add(new Move(device, begun.event().from(), begun.event().to(),
        Optional.empty(), begun.at(), end, begun.event().reason())));
    return all;
  }

  Bounded<RoundEnd> rounds() {
    return rounds;
  }

  List<Note> notes() {
    return notes.list();
  }
}
