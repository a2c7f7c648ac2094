// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import java.lang.foreign.MemorySegment;

/**
 * What a device's data window is open for. Without an override, for nothing: the fields read 0, data is
 * refused.
 */
sealed interface DataWindow permits ClosedWindow, BrokenWindow, SavingWindow, ResumingWindow {

  /** Reads pending_bytes. */
  default long pendingBytes() throws ErrnoException {
    return 0;
  }

  /** Notes that data_offset is read. */
  default void commit() throws ErrnoException {
    // nothing to commit to
  }

  /** Reads data_size. */
  default long dataSize() throws ErrnoException {
    return 0;
  }

  /** Writes data_size. */
  default void writeDataSize(long size) throws ErrnoException {
    throw new ErrnoException(Errno.EINVAL, "data_size is written in RESUMING alone");
  }

  /** Returns the bytes from the window's beginning that may be read now. */
  default long readable() throws ErrnoException {
    return 0;
  }

  /** Returns the bytes from the window's beginning that may be written now. */
  default long writable() throws ErrnoException {
    return 0;
  }

  /** Lets go of the session. */
  default void close() {
    // none is held
  }

  /** Returns what the user sees of a device's failure. */
  static ErrnoException toErrnoException(DeviceException e) {
    ErrnoException failure = new ErrnoException(e.errno(), String.valueOf(e.getMessage()));
    failure.initCause(e);
    return failure;
  }

  /** Returns the window of a session that began. */
  static DataWindow of(DataSession session, MigratableDevice device, MemorySegment memory) {
    return switch (session) {
      case SavingSession saving -> new SavingWindow(saving, device, memory);
      case ResumingSession resuming -> new ResumingWindow(resuming, memory);
    };
  }
}
