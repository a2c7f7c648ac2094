// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

/**
 * Tells how many events are due at a rate. Times are nanoseconds of a {@link RunningClock}.
 *
 * <p>
 * A wake-up for each event would cost more than the events, so it asks for one a millisecond at most, and has
 * the events since then done together.
 */
final class Pacer {

  /**
   * More events than this are not done in one go, so that whoever waits for the device's thread gets its
   * turn.
   */
  static final int BATCH = 1024;

  private static final long SECOND = 1_000_000_000L;
  private static final long WAKE_UP = 1_000_000L;

  /**
   * What is owed for longer than this is dropped. It is owed only if the thread was held up, or the rate is
   * beyond the machine; without a limit the device would then do nothing but catch up.
   */
  private static final long BACKLOG = 100_000_000L;

  private long rate;
  private long anchor;
  private long done;

  /**
   * Sets the rate, events a second, unsigned 32 bits, 0 for none; the first is due one period from now on.
   */
  void restart(int eventsPerSecond, long now) {
    rate = Integer.toUnsignedLong(eventsPerSecond);
    anchor = now;
    done = 0;
  }

  /** Returns how many events are due, at most {@link #BATCH}. */
  int due(long now) {
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

  /** Notes that events were done. */
  void did(int events) {
    done += events;
  }

  /** Returns when to ask again, {@link Long#MAX_VALUE} for never. */
  long next(long now) {
    if (rate == 0) {
      return Long.MAX_VALUE;
    }
    if (due(now) > 0) {
      return now;
    }
    long event = anchor + ((done + 1) * SECOND + rate - 1) / rate;
    return Math.max(event, now + WAKE_UP);
  }
}
