// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateItem;
import java.nio.ByteBuffer;

/**
 * A one-shot timer. Its clock is paused while the device is stopped. An armed timer is saved with its remaining time, and
 * continues at the target.
 */
@SuppressWarnings("exports") // StateItem is how the device core saves it, of no use to others.
public final class DeviceTimer implements StateItem, ScheduledWork {

  private static final long NOT_ARMED = -1;

  private final DeviceContext context;
  private final String name;
  private final RunningClock clock;
  private final Runnable action;
  private boolean armed;
  private long deadline;

  DeviceTimer(DeviceContext context, String name, RunningClock clock, Runnable action) {
    this.context = context;
    this.name = name;
    this.clock = clock;
    this.action = action;
  }

  /**
   * Arms the timer, replacing a deadline that is already set.
   *
   * @param nanos nanoseconds from now; negative values count as 0
   */
  public void start(long nanos) {
    context.requireAttached();
    long now = clock.now();
    armed = true;
    // Saturate instead of overflowing.
    deadline = nanos > Long.MAX_VALUE - now ? Long.MAX_VALUE : now + Math.max(0, nanos);
  }

  /** Disarms the timer. */
  public void cancel() {
    armed = false;
  }

  /** Returns whether the timer is armed. */
  public boolean isArmed() {
    return armed;
  }

  /** Returns the nanoseconds until the deadline, 0 if the timer is not armed. */
  public long remaining() {
    return armed ? Math.max(0, deadline - clock.now()) : 0;
  }

  @Override
  public long runDue(long now) {
    if (armed && now >= deadline) {
      armed = false;
      action.run();
    }
    return armed ? deadline : Long.MAX_VALUE;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int bytes() {
    return Long.BYTES;
  }

  @Override
  public void save(ByteBuffer to) {
    to.putLong(armed ? remaining() : NOT_ARMED);
  }

  @Override
  public void load(ByteBuffer from) {
    long left = from.getLong();
    armed = false;
    if (left >= 0) {
      start(left);
    }
  }

  @Override
  public void reset() {
    armed = false;
  }
}
