// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import io.vfio4j.devices.PciDevice;
import java.nio.ByteBuffer;

/** A piece of a device's state that is saved under a name, with a length that never changes. */
public interface StateItem {

  String name();

  /** Returns how many bytes {@link #save} writes and {@link #load} reads. */
  int bytes();

  void save(ByteBuffer to);

  /** Takes any bytes. What a value must not be, the device refuses in {@link PciDevice#onLoaded}. */
  void load(ByteBuffer from);

  /** Makes it what it was when the device was made. */
  void reset();

  /** Tells whether a state may lack it, and a device need not know it. */
  default boolean isOptional() {
    return false;
  }
}
