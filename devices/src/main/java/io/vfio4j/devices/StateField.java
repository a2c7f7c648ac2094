// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateItem;
import java.nio.ByteBuffer;

/** A number of 64 bits that belongs to a device's state, and is no register. */
public final class StateField implements StateItem {

  private final Declarations declarations;
  private final String name;
  private long value;
  private long initial;
  private boolean optional;

  StateField(Declarations device, String name) {
    this.declarations = device;
    this.name = name;
  }

  /** Has a reset, and the beginning, give it a value other than 0. */
  public StateField resetsTo(long number) {
    declarations.requireDeclaring();
    initial = number;
    value = number;
    return this;
  }

  /**
   * Lets a saved state lack it, as one of an older device does, and an older device skip it. It is as after a
   * reset then.
   */
  public StateField optional() {
    declarations.requireDeclaring();
    optional = true;
    return this;
  }

  /** Returns the value. */
  public long value() {
    return value;
  }

  /** Gives it a value. */
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
