// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateItem;
import java.nio.ByteBuffer;

/**
 * Does something once, after a time in which the device runs. Time in which it is stopped does not count; a
 * timer that is armed is saved with what is left of it, and goes on at the target.
 */
public final class DeviceTimer implements StateItem, ScheduledWork {

  private static final long NOT_ARMED = -1;

  private final Declarations declarations;
  private final String name;
  private final RunningClock clock;
  private final Runnable action;
  private boolean armed;
  private long deadline;

  DeviceTimer(Declarations device, String name, RunningClock clock, Runnable action) {
    this.declarations = device;
    this.name = name;
    this.clock = clock;
    this.action = action;
  }

  /**
   * Has the action happen after a time, in place of one that was to happen before.
   *
   * @param nanos nanoseconds from now on; less than 0 counts as 0
   */
  public void start(long nanos) {
    declarations.requireAttached();
    long now = clock.now();
    armed = true;
    // A time beyond all clocks is centuries away, and stays so.
    deadline = nanos > Long.MAX_VALUE - now ? Long.MAX_VALUE : now + Math.max(0, nanos);
  }

  /** Has the action not happen. */
  public void cancel() {
    armed = false;
  }

  /** Tells whether the action is still to happen. */
  public boolean isArmed() {
    return armed;
  }

  /** Returns the nanoseconds until the action, 0 if it is not armed. */
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
