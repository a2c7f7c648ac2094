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

  /**
   * Ends a segment of the stream, where {@link SavingSession#segmentEnded} told of one. A device whose stream
   * has no segments ignores it.
   *
   * @throws DeviceException as {@link #write} does
   */
  default void endSegment() throws DeviceException {
    // Version 2 keeps the order of bytes alone.
  }
}
