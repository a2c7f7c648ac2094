// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateItem;
import java.nio.ByteBuffer;

/** A 64-bit number that is part of a device's state, but not a register. */
@SuppressWarnings("exports") // StateItem is how the device core saves it, of no use to others.
public final class StateField implements StateItem {

  private final DeviceContext context;
  private final String name;
  private long value;
  private long initial;
  private boolean optional;

  StateField(DeviceContext context, String name) {
    this.context = context;
    this.name = name;
  }

  /** Sets the initial value, which a reset restores; the default is 0. */
  public StateField resetsTo(long number) {
    context.requireDeclaring();
    initial = number;
    value = number;
    return this;
  }

  /**
   * Makes the field optional: a saved state without it, from an older version of the device, is accepted, and the field
   * then has its initial value. An older device skips it.
   */
  public StateField optional() {
    context.requireDeclaring();
    optional = true;
    return this;
  }

  /** Returns the value. */
  public long value() {
    return value;
  }

  /** Sets the value. */
  public void set(long number) {
    value = number;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean isOptional() {
    return optional;
  }

  @Override
  public int bytes() {
    return Long.BYTES;
  }

  @Override
  public void save(ByteBuffer to) {
    to.putLong(value);
  }

  @Override
  public void load(ByteBuffer from) {
    value = from.getLong();
  }

  @Override
  public void reset() {
    value = initial;
  }
}
