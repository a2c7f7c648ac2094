// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import io.vfio4j.model.ErrnoException;
import java.nio.ByteBuffer;

/** What a saved state holds besides memory: the payload of its STATE record. */
public interface StateImage {

  /** Returns how long it is, in bytes, at most {@link StateFormat#MAX_PAYLOAD_BYTES}; fixed for a device. */
  int bytes();

  /** Tells whether one that comes from elsewhere may be so long. */
  boolean acceptsLength(int length);

  /** Saves the state of a device that is stopped. */
  void save(ByteBuffer to);

  /**
   * Refuses what cannot be loaded.
   *
   * @throws ErrnoException EINVAL if it is of another device, EBADMSG if it is damaged
   */
  void check(ByteBuffer from) throws ErrnoException;

  /**
   * Loads what was checked.
   *
   * @throws ErrnoException if the device refuses a value
   */
  void load(ByteBuffer from) throws ErrnoException;
}
