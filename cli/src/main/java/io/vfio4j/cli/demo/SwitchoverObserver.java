// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Observes a switchover independently of the engine, through the guest's memory and the device's registers, when the source
 * has stopped and before the target starts. It relies on the engine's events only for the time.
 */
final class SwitchoverObserver implements MigrationListener {

  /** Long enough that the device is stopped before the timer fires, so that the armed timer migrates. */
  static final Duration TIMER_PERIOD = Duration.ofMillis(500);

  private final GuestDevice source;
  private final String target;
  private final TrafficSlots slots;
  private final TrafficSlots atStop;
  private final TrafficSlots atStart;
  private final MigrationListener next;
  private long stoppedCount = -1;
  private boolean targetStarted;

  /**
   * Creates an observer.
   *
   * @param target the name of the target device in events
   * @param slots the slots of its traffic
   * @param next receives each event after this observer
   */
  SwitchoverObserver(GuestDevice source, String target, TrafficSlots slots, MigrationListener next) {
    this.source = source;
    this.target = target;
    this.slots = slots;
    this.atStop = slots.newSnapshot();
    this.atStart = slots.newSnapshot();
    this.next = next;
  }

  /** Returns a description of each violation. */
  List<String> violations() {
    List<String> violations = new ArrayList<>();
    if (hasSeenSourceStopped()) {
      atStop.firstMismatch(stoppedCount).ifPresent(wrong -> violations.add("at the source: " + wrong));
    }
    if (targetStarted) {
      atStart.firstNonEmpty().ifPresent(violations::add);
    }
    return violations;
  }

  /** Returns whether the source was observed after it had stopped. */
  boolean hasSeenSourceStopped() {
    return stoppedCount >= 0;
  }

  @Override
  public void on(MigrationEvent event) {
    try {
      switch (event) {
        case MigrationEvent.PhaseStart began when began.side() == Side.SOURCE
            && began.phase() instanceof Phase.Quiescing ->
          source.armTimer(TIMER_PERIOD);
        case MigrationEvent.TransitionEnd moved when moved.side() == Side.SOURCE
            && moved.to() == DeviceState.STOP_COPY && moved.device().equals(source.name()) ->
          onSourceStopped();
        case MigrationEvent.TransitionStart moving when moving.side() == Side.TARGET
            && moving.from() == DeviceState.STOP && moving.to().isRunning()
            && moving.device().equals(target) ->
          onTargetStarting();
        default -> {
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    next.on(event);
  }

  /**
   * While the source is stopped, each write so far must be in its slot. The slots are copied and cleared, so that later
   * writes are visible. The copy is checked after the migration, to keep the downtime short.
   */
  private void onSourceStopped() throws IOException {
    stoppedCount = source.trafficCount();
    atStop.copyFrom(slots);
    slots.clear(stoppedCount);
  }

  /** No device has run since the source was stopped, so the slots must still be empty. */
  private void onTargetStarting() {
    atStart.copyFrom(slots);
    targetStarted = true;
  }
}
