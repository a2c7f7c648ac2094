// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateItem;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;

/**
 * Does something again and again, at a rate. Its rate is saved with the device's state, and it goes on at the
 * target.
 *
 * <p>
 * A wake-up for each event would cost more than the events, so there is one a millisecond at most, which does
 * the events since the last one together, {@link #MAX_BATCH} of them at most. What is owed for more than 100 ms,
 * because the thread was held up or the rate is beyond the machine, is dropped.
 */
public final class DevicePacer implements StateItem, ScheduledWork {

  /**
   * More events than this are not done in one go, so that whoever waits for the device's thread gets its
   * turn.
   */
  public static final int MAX_BATCH = 1024;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final long MIN_WAKE_UP_NANOS = 1_000_000L;

  /** Without a limit, a device that owes much would do nothing but catch up. */
  private static final long MAX_BACKLOG_NANOS = 100_000_000L;

  private final Declarations declarations;
  private final String name;
  private final RunningClock clock;
  private final BooleanSupplier event;
  private long rate;
  private long anchor;
  private long completed;

  DevicePacer(Declarations device, String name, RunningClock clock, BooleanSupplier event) {
    this.declarations = device;
    this.name = name;
    this.clock = clock;
    this.event = event;
  }

  /**
   * Sets the rate, and begins anew: the first event is due one period from now on.
   *
   * @param eventsPerSecond 0 to 0xffff_ffff; 0 for none
   */
  public void rate(long eventsPerSecond) {
    if (eventsPerSecond >>> Integer.SIZE != 0) {
      throw new IllegalArgumentException("%d events a second".formatted(eventsPerSecond));
    }
    declarations.requireAttached();
    rate = eventsPerSecond;
    anchor = clock.now();
    completed = 0;
  }

  /** Returns the rate, events a second. */
  public long rate() {
    return rate;
  }

  @Override
  public long runDue(long now) {
    int due = dueCount(now);
    for (int i = 0; i < due; i++) {
      if (!event.getAsBoolean()) {
        rate = 0;
        return Long.MAX_VALUE;
      }
    }
    completed += due;
    return nextDue(now);
  }

  /** Returns how many events are due, at most {@link #MAX_BATCH}. */
  private int dueCount(long now) {
    if (rate == 0) {
      return 0;
    }
    while (completed >= rate) {
      // Whole seconds leave the sums: their product with a rate of 32 bits stays within 64.
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
