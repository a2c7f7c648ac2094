// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A session in which the state of a device is read in order. */
public non-sealed interface SavingSession extends DataSession {

  /** The result of {@link #read} if there is no data now but may be later (ENOMSG). */
  long NOTHING_NOW = 0;

  /** The result of {@link #read} after the last byte; only in STOP_COPY. */
  long END = -1;

  /**
   * Reads the next bytes.
   *
   * @param into the destination, native memory of at least one byte
   * @return the number of bytes read, at least 1; or {@link #NOTHING_NOW}, or {@link #END}
   * @throws DeviceException if the device failed, or ENODEV if the session has ended
   */
  long read(MemorySegment into) throws DeviceException;

  /**
   * Returns whether the last {@link #read} reached the end of a segment. If there are segments, as in version
   * 1, a read never crosses the end of one, and the device that loads the state must receive the same
   * segments, of the same sizes and in the same order ({@link ResumingSession#endSegment}).
   *
   * @return always false for a device whose stream has no segments
   */
  default boolean segmentEnded() {
    return false;
  }

  /**
   * Returns the amount of data to read before the device is stopped.
   *
   * @return the information; empty if the device or the connection to it cannot report it
   * @throws DeviceException EINVAL outside PRE_COPY and PRE_COPY_P2P
   */
  Optional<PreCopyInfo> preCopyInfo() throws DeviceException;
}
