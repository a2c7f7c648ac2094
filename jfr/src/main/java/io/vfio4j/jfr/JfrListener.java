// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.jfr;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import jdk.jfr.Event;
import org.jspecify.annotations.Nullable;

/**
 * Commits the events of a migration as events of the JDK Flight Recorder. Phases and device transitions have a
 * duration and are committed when they end, so the listener must be closed when the migration has ended. The cost
 * is negligible while nothing is being recorded.
 *
 * <p>
 * Serves one migration, of one side or both. As {@link MigrationListener} specifies, it is called with one event at
 * a time.
 */
public final class JfrListener implements MigrationListener, AutoCloseable {

  private static final long UNKNOWN = -1;

  private final Map<Side, PhaseEvent> phases = new EnumMap<>(Side.class);
  private final Map<DeviceKey, TransitionEvent> transitions = new HashMap<>();

  /** A device in transition; source and target may have devices of the same name. */
  private record DeviceKey(Side side, String device) {
  }

  /** Creates a listener without open events. */
  public JfrListener() {
    // No duration to measure yet.
  }

  @Override
  public void on(MigrationEvent event) {
    switch (event) {
      case MigrationEvent.PhaseStart e -> phaseStart(e);
      case MigrationEvent.TransitionStart e -> transitionStart(e);
      case MigrationEvent.TransitionEnd e ->
        transitionEnd(transitions.remove(new DeviceKey(e.side(), e.device())), e.to().name());
      case MigrationEvent.Progress e -> progress(e);
      case MigrationEvent.RoundEnd e -> roundEnd(e);
      case MigrationEvent.JournalWrite e -> journalWrite(e);
      case MigrationEvent.Note e -> note(e);
    }
  }

  private void phaseStart(MigrationEvent.PhaseStart began) {
    commit(phases.remove(began.side()));
    PhaseEvent event = new PhaseEvent();
    if (!event.isEnabled()) {
      return;
    }
    event.side = began.side().toString();
    event.phase = began.phase().title();
    event.round = began.phase() instanceof Phase.PreCopy(int round) ? round : 0;
    event.reason = began.reason();
    event.begin();
    phases.put(began.side(), event);
  }

  private void transitionStart(MigrationEvent.TransitionStart moving) {
    TransitionEvent event = new TransitionEvent();
    if (!event.isEnabled()) {
      return;
    }
    event.side = moving.side().toString();
    event.device = moving.device();
    event.from = moving.from().name();
    event.to = moving.to().name();
    event.reason = moving.reason();
    event.begin();
    transitions.put(new DeviceKey(moving.side(), moving.device()), event);
  }

  private static void transitionEnd(@Nullable TransitionEvent event, String reached) {
    if (event != null) {
      event.reached = reached;
      event.commit();
    }
  }

  private static void progress(MigrationEvent.Progress progress) {
    ProgressEvent event = new ProgressEvent();
    if (event.isEnabled()) {
      event.round = progress.round();
      event.bytes = progress.bytes();
      event.bytesPerSecond = progress.bytesPerSecond();
      event.remaining = progress.remaining().orElse(UNKNOWN);
      event.predictedDowntime = nanos(progress.predictedDowntime());
      event.elapsed = progress.elapsed().toNanos();
      event.commit();
    }
  }

  private static void roundEnd(MigrationEvent.RoundEnd end) {
    RoundEvent event = new RoundEvent();
    if (event.isEnabled()) {
      event.round = end.round().number();
      event.deviceBytes = end.round().deviceBytes();
      event.memoryBytes = end.round().memoryBytes();
      event.deviceBytesLeft = end.round().deviceBytesLeft();
      event.memoryBytesLeft = end.round().memoryBytesLeft();
      event.took = end.round().duration().toNanos();
      event.predictedDowntime = nanos(end.predictedDowntime());
      event.commit();
    }
  }

  private static void journalWrite(MigrationEvent.JournalWrite recorded) {
    JournalEvent event = new JournalEvent();
    if (event.isEnabled()) {
      event.side = recorded.side().toString();
      event.migration = recorded.migration().toString();
      event.step = recorded.step().toString();
      event.took = recorded.duration().toNanos();
      event.commit();
    }
  }

  private static void note(MigrationEvent.Note noted) {
    NoteEvent event = new NoteEvent();
    if (event.isEnabled()) {
      event.side = noted.side().toString();
      event.text = noted.text();
      event.commit();
    }
  }

  private static long nanos(Optional<Duration> duration) {
    return duration.map(Duration::toNanos).orElse(UNKNOWN);
  }

  /** Commits the open events: the last phase of each side, and transitions whose call has not returned. */
  @Override
  public void close() {
    transitions.values().forEach(JfrListener::commit);
    transitions.clear();
    phases.values().forEach(JfrListener::commit);
    phases.clear();
  }

  private static void commit(@Nullable Event event) {
    if (event != null) {
      event.commit();
    }
  }
}
