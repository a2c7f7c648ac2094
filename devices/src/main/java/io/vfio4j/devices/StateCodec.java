// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.model.ErrnoException;
import java.nio.ByteBuffer;

/** A device's own format of its saved state, in place of the declared items. Memory is not part of it. */
public interface StateCodec {

  /** Returns the length of the saved state in bytes, 1 to 65536, which is constant. */
  int bytes();

  /**
   * Saves the state of the device, which is stopped.
   *
   * @param to a little-endian buffer of exactly {@link #bytes}
   */
  void save(ByteBuffer to);

  /**
   * Loads a state when the device leaves RESUMING. Its checksum has been verified, its values have not.
   *
   * @param from a little-endian buffer of exactly {@link #bytes}
   * @throws ErrnoException if the state is refused: the device stays in RESUMING, and can only be reset
   */
  void load(ByteBuffer from) throws ErrnoException;
}
