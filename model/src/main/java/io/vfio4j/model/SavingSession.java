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
   * Returns what there is to read before the device is stopped.
   *
   * @return the information; empty where the device has no way to tell it
   * @throws DeviceException with EINVAL outside PRE_COPY and PRE_COPY_P2P
   */
  Optional<PreCopyInfo> preCopyInfo() throws DeviceException;
}
