// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.model.ErrnoException;
import java.nio.ByteBuffer;

/** Saves and loads a device's state by hand, in place of what was declared; memory is sent all the same. */
public interface StateCodec {

  /** Returns how long a saved state is, in bytes, 1 to 65536; always the same. */
  int bytes();

  /**
   * Saves the state of the device, which is stopped.
   *
   * @param to room for exactly {@link #bytes}, little-endian
   */
  void save(ByteBuffer to);

  /**
   * Loads a state whose checksum was right, when the device leaves RESUMING.
   *
   * @param from exactly {@link #bytes}, little-endian; its values may be any
   * @throws ErrnoException if it is refused: the device stays in RESUMING, and can only be reset
   */
  void load(ByteBuffer from) throws ErrnoException;
}
