// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.lang.foreign.MemorySegment;

/** A session in which a saved state is written to a device, in the order in which it was read. */
public non-sealed interface ResumingSession extends DataSession {

  /**
   * Writes the next bytes, all of them.
   *
   * @param data native memory
   * @throws DeviceException EINVAL or EBADMSG if the device refuses the data, another errno if it failed; it
   *     must be reset then
   */
  void write(MemorySegment data) throws DeviceException;

  /**
   * Ends a segment of the stream, where {@link SavingSession#segmentEnded} reported one. A device whose
   * stream has no segments ignores this.
   *
   * @throws DeviceException as {@link #write} does
   */
  default void endSegment() throws DeviceException {
    // Version 2 has no segments.
  }
}
