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
 * Watches a migration from outside, through the guest's memory and the device's registers, at the moments when
 * something must hold. It believes the engine only as to when that is.
 */
final class SwitchoverObserver implements MigrationListener {

  /** Long enough for the device to be stopped before the timer fires, so that the timer is what migrates. */
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
   * Makes one.
   *
   * @param target what events call the device at the target
   * @param slots where its traffic goes
   * @param next is told what this one is told
   */
  SwitchoverObserver(GuestDevice source, String target, TrafficSlots slots, MigrationListener next) {
    this.source = source;
    this.target = target;
    this.slots = slots;
    this.atStop = slots.newSnapshot();
    this.atStart = slots.newSnapshot();
    this.next = next;
  }

  /** Returns what did not hold, in words. */
  List<String> violations() {
    List<String> complaints = new ArrayList<>();
    if (hasSeenSourceStopped()) {
      atStop.firstMismatch(stoppedCount).ifPresent(wrong -> complaints.add("at the source: " + wrong));
    }
    if (targetStarted) {
      atStart.firstNonEmpty().ifPresent(complaints::add);
    }
    return complaints;
  }

  /** Tells whether the source was seen stopped. */
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
   * With the source stopped, every write so far is in its slot. They are wiped, so that what comes next shows, and
   * looked at when nobody stands still for it.
   */
  private void onSourceStopped() throws IOException {
    stoppedCount = source.trafficCount();
    atStop.copyFrom(slots);
    slots.clear(stoppedCount);
  }

  /** Until the target runs, no device does, and nothing is written. */
  private void onTargetStarting() {
    atStart.copyFrom(slots);
    targetStarted = true;
  }
}
