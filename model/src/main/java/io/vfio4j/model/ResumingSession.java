// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.lang.foreign.MemorySegment;

/** A saved state, written into a device in the order in which it was read out. */
public non-sealed interface ResumingSession extends DataSession {

  /**
   * Writes the next bytes, all of them.
   *
   * @param data native memory
   * @throws DeviceException if the device refuses the data (EINVAL, EBADMSG) or failed; after that only a
   *     reset helps
   */
  void write(MemorySegment data) throws DeviceException;
}
