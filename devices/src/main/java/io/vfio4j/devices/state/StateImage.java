// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import io.vfio4j.model.ErrnoException;
import java.nio.ByteBuffer;

/** The format of the payload of a STATE record: the state of a device except for its memory. */
public interface StateImage {

  /** Returns the length in bytes, at most {@link StateFormat#MAX_PAYLOAD_BYTES}, which is constant for a device. */
  int bytes();

  /** Returns whether a received payload may have a length. */
  boolean acceptsLength(int length);

  /** Saves the state of the stopped device. */
  void save(ByteBuffer to);

  /**
   * Checks a received payload.
   *
   * @throws ErrnoException EINVAL if it is of another device, EBADMSG if it is damaged
   */
  void check(ByteBuffer from) throws ErrnoException;

  /**
   * Loads a payload that was checked.
   *
   * @throws ErrnoException if the device refuses a value
   */
  void load(ByteBuffer from) throws ErrnoException;
}
