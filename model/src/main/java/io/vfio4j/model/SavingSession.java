// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A device's state, read out in order. */
public non-sealed interface SavingSession extends DataSession {

  /** What {@link #read} returns when there is nothing to read now, but there may be later (ENOMSG). */
  long NOTHING_NOW = 0;

  /** What {@link #read} returns when all has been read; only in STOP_COPY. */
  long END = -1;

  /**
   * Reads the next bytes.
   *
   * @param into where to, native memory of at least one byte
   * @return how many bytes were read, at least 1; or {@link #NOTHING_NOW}, or {@link #END}
   * @throws DeviceException if the device failed, or the session is over (ENODEV)
   */
  long read(MemorySegment into) throws DeviceException;

  /**
   * Tells whether the last {@link #read} reached the end of a segment. Where there are segments, as in
   * version 1, a read never crosses the end of one, and the device that the state is written into must get
   * the same segments: of the same sizes, in the same order ({@link ResumingSession#endSegment}).
   *
   * @return always false of a device whose stream has no segments
   */
  default boolean segmentEnded() {
    return false;
  }

  /**
   * Returns what there is to read before the device is stopped.
   *
   * @return the information; empty where the device has no way to tell it
   * @throws DeviceException with EINVAL outside PRE_COPY and PRE_COPY_P2P
   */
  Optional<PreCopyInfo> preCopyInfo() throws DeviceException;
}
