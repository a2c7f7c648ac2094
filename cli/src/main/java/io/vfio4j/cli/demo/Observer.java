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
  private final TrafficSlots slots;
  private final MigrationListener next;
  private final List<String> complaints = new ArrayList<>();
  private boolean stopped;

  Observer(DrivenDevice source, TrafficSlots slots, MigrationListener next) {
    this.source = source;
    this.slots = slots;
    this.next = next;
  }

  /** Returns what did not hold, in words. */
  List<String> complaints() {
    return List.copyOf(complaints);
  }

  /** Tells whether the source was seen stopped. */
  boolean sawSourceStopped() {
    return stopped;
  }

  @Override
  public void on(MigrationEvent event) {
    try {
      switch (event) {
        case MigrationEvent.PhaseBegan began when began.side() == Side.SOURCE
            && began.phase() instanceof Phase.StopCopy -> source.armTimer(TIMER);
        case MigrationEvent.DeviceMoved moved when moved.side() == Side.SOURCE
            && moved.to() == DeviceState.STOP_COPY -> sourceStopped();
        case MigrationEvent.DeviceMoving moving when moving.side() == Side.TARGET
            && moving.from() == DeviceState.STOP && moving.to().isRunning() -> targetStarts();
        default -> {
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    next.on(event);
  }

  /** With the source stopped, every write so far is in its slot. They are wiped, so that what comes next shows. */
  private void sourceStopped() throws IOException {
    long number = source.trafficCount();
    slots.wrong(number).ifPresent(wrong -> complaints.add("at the source: " + wrong));
    slots.wipe(number);
    stopped = true;
  }

  /** Until the target runs, no device does, and nothing is written. */
  private void targetStarts() {
    slots.firstFilled().ifPresent(complaints::add);
  }
}
