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
final class Observer implements MigrationListener {

  /** Long enough for the device to be stopped before the timer fires, so that the timer is what migrates. */
  static final Duration TIMER = Duration.ofMillis(500);

  private final DrivenDevice source;
  private final String target;
  private final TrafficSlots slots;
  private final TrafficSlots atStop;
  private final TrafficSlots atStart;
  private final MigrationListener next;
  private long number = -1;
  private boolean starts;

  /**
   * Makes one.
   *
   * @param target what events call the device at the target
   * @param slots where its traffic goes
   * @param next is told what this one is told
   */
  Observer(DrivenDevice source, String target, TrafficSlots slots, MigrationListener next) {
    this.source = source;
    this.target = target;
    this.slots = slots;
    this.atStop = slots.room();
    this.atStart = slots.room();
    this.next = next;
  }

  /** Returns what did not hold, in words. */
  List<String> complaints() {
    List<String> complaints = new ArrayList<>();
    if (sawSourceStopped()) {
      atStop.wrong(number).ifPresent(wrong -> complaints.add("at the source: " + wrong));
    }
    if (starts) {
      atStart.firstFilled().ifPresent(complaints::add);
    }
    return complaints;
  }

  /** Tells whether the source was seen stopped. */
  boolean sawSourceStopped() {
    return number >= 0;
  }

  @Override
  public void on(MigrationEvent event) {
    try {
      switch (event) {
        case MigrationEvent.PhaseStart began when began.side() == Side.SOURCE
            && began.phase() instanceof Phase.Quiescing ->
          source.armTimer(TIMER);
        case MigrationEvent.TransitionEnd moved when moved.side() == Side.SOURCE
            && moved.to() == DeviceState.STOP_COPY && moved.device().equals(source.name()) ->
          sourceStopped();
        case MigrationEvent.TransitionStart moving when moving.side() == Side.TARGET
            && moving.from() == DeviceState.STOP && moving.to().isRunning()
            && moving.device().equals(target) ->
          targetStarts();
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
  private void sourceStopped() throws IOException {
    number = source.trafficCount();
    atStop.copy(slots);
    slots.wipe(number);
  }

  /** Until the target runs, no device does, and nothing is written. */
  private void targetStarts() {
    atStart.copy(slots);
    starts = true;
  }
}
