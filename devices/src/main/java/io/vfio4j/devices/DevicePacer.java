// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateItem;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;

/**
 * An event that recurs at a rate. The rate is part of the device's state, so the events continue at the target.
 *
 * <p>
 * A wake-up per event would cost more than the event, so there is at most one per millisecond, which runs all due events
 * in a batch of at most {@link #MAX_BATCH}. A batch also ends after a millisecond, because each event may wait for memory
 * accessed by message; the rest follows when the device's thread has handled messages. Events that are late by more than
 * 100 ms, because the thread was delayed or the rate exceeds the machine, are dropped.
 */
@SuppressWarnings("exports") // StateItem is how the device core saves it, of no use to others.
public final class DevicePacer implements StateItem, ScheduledWork {

  /** The maximum number of events per wake-up, so that the device's thread also handles messages. */
  public static final int MAX_BATCH = 1024;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final long MIN_WAKE_UP_NANOS = 1_000_000L;

  /** Ends a batch after the event that exceeds it. */
  private static final long MAX_BATCH_NANOS = 1_000_000L;

  /** Without a limit, a device that falls behind would only catch up. */
  private static final long MAX_BACKLOG_NANOS = 100_000_000L;

  private final DeviceContext context;
  private final String name;
  private final RunningClock clock;
  private final BooleanSupplier event;
  private long rate;
  private long anchor;
  private long completed;
  /** Set when {@link #rate} is called, which an access to the device may do while an event waits for memory. */
  private boolean restarted;

  DevicePacer(DeviceContext context, String name, RunningClock clock, BooleanSupplier event) {
    this.context = context;
    this.name = name;
    this.clock = clock;
    this.event = event;
  }

  /**
   * Sets the rate and restarts: the first event is due after one period.
   *
   * @param eventsPerSecond 0 to 0xffff_ffff; 0 stops the events
   */
  public void rate(long eventsPerSecond) {
    if (eventsPerSecond >>> Integer.SIZE != 0) {
      throw new IllegalArgumentException(
          "%d events per second: expected 0 to 0xffffffff".formatted(eventsPerSecond));
    }
    context.requireAttached();
    rate = eventsPerSecond;
    anchor = clock.now();
    completed = 0;
    restarted = true;
  }

  /** Returns the rate in events per second. */
  public long rate() {
    return rate;
  }

  @Override
  public long runDue(long now) {
    int due = dueCount(now);
    long begun = clock.now();
    restarted = false;
    for (int i = 0; i < due && !restarted; i++) {
      completed++;
      if (!event.getAsBoolean()) {
        rate = 0;
        return Long.MAX_VALUE;
      }
      if (clock.now() - begun > MAX_BATCH_NANOS) {
        break;
      }
    }
    return nextDue(now);
  }

  /** Returns the number of events that are due, at most {@link #MAX_BATCH}. */
  private int dueCount(long now) {
    if (rate == 0) {
      return 0;
    }
    while (completed >= rate) {
      // Drop whole seconds, so that the product with a 32-bit rate fits in 64 bits.
      anchor += NANOS_PER_SECOND;
      completed -= rate;
    }
    if (now - anchor - completed * NANOS_PER_SECOND / rate > MAX_BACKLOG_NANOS + NANOS_PER_SECOND / rate) {
      anchor = now - MAX_BACKLOG_NANOS;
      completed = 0;
    }
    return Math.clamp((now - anchor) * rate / NANOS_PER_SECOND - completed, 0, MAX_BATCH);
  }

  private long nextDue(long now) {
    if (rate == 0) {
      return Long.MAX_VALUE;
    }
    if (dueCount(now) > 0) {
      return now;
    }
    long at = anchor + ((completed + 1) * NANOS_PER_SECOND + rate - 1) / rate;
    return Math.max(at, now + MIN_WAKE_UP_NANOS);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int bytes() {
    return Integer.BYTES;
  }

  @Override
  public void save(ByteBuffer to) {
    to.putInt((int) rate);
  }

  @Override
  public void load(ByteBuffer from) {
    rate(Integer.toUnsignedLong(from.getInt()));
  }

  @Override
  public void reset() {
    rate = 0;
  }
}
