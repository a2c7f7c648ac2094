// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import java.nio.ByteBuffer;

/** An item of a device's state, with a name and a constant length. */
public interface StateItem {

  String name();

  /** Returns the number of bytes that {@link #save} writes and {@link #load} reads. */
  int bytes();

  void save(ByteBuffer to);

  /** Loads any bytes. Invalid values are refused later, in {@code PciDevice.onLoaded}. */
  void load(ByteBuffer from);

  /** Restores the initial value. */
  void reset();

  /** Returns whether a state may lack the item, and a device that does not know it may skip it. */
  default boolean isOptional() {
    return false;
  }
}
