// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;

/**
 * Does something again and again, at a rate. Its rate is saved with the device's state, and it goes on at the
 * target.
 *
 * <p>
 * A wake-up for each event would cost more than the events, so there is one a millisecond at most, which does
 * the events since the last one together, {@link #BATCH} of them at most. What is owed for more than 100 ms,
 * because the thread was held up or the rate is beyond the machine, is dropped.
 */
public final class DevicePacer implements StateItem, Scheduled {

  /**
   * More events than this are not done in one go, so that whoever waits for the device's thread gets its
   * turn.
   */
  public static final int BATCH = 1024;

  private static final long SECOND = 1_000_000_000L;
  private static final long WAKE_UP = 1_000_000L;

  /** Without a limit, a device that owes much would do nothing but catch up. */
  private static final long BACKLOG = 100_000_000L;

  private final Declarations device;
  private final String name;
  private final RunningClock clock;
  private final BooleanSupplier event;
  private long rate;
  private long anchor;
  private long done;

  DevicePacer(Declarations device, String name, RunningClock clock, BooleanSupplier event) {
    this.device = device;
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
    device.requireAttached();
    rate = eventsPerSecond;
    anchor = clock.now();
    done = 0;
  }

  /** Returns the rate, events a second. */
  public long rate() {
    return rate;
  }

  @Override
  public long runDue(long now) {
    int due = due(now);
    for (int i = 0; i < due; i++) {
      if (!event.getAsBoolean()) {
        rate = 0;
        return Long.MAX_VALUE;
      }
    }
    done += due;
    return next(now);
  }

  /** Returns how many events are due, at most {@link #BATCH}. */
  private int due(long now) {
    if (rate == 0) {
      return 0;
    }
    while (done >= rate) {
      // Whole seconds leave the sums: their product with a rate of 32 bits stays within 64.
      anchor += SECOND;
      done -= rate;
    }
    if (now - anchor - done * SECOND / rate > BACKLOG + SECOND / rate) {
      anchor = now - BACKLOG;
      done = 0;
    }
    return Math.clamp((now - anchor) * rate / SECOND - done, 0, BATCH);
  }

  private long next(long now) {
    if (rate == 0) {
      return Long.MAX_VALUE;
    }
    if (due(now) > 0) {
      return now;
    }
    long at = anchor + ((done + 1) * SECOND + rate - 1) / rate;
    return Math.max(at, now + WAKE_UP);
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
