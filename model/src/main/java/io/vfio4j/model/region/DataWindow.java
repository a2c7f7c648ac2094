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
 * The data window of a migration region. By default it is closed: the fields read 0, and data accesses are
 * refused.
 */
sealed interface DataWindow permits ClosedWindow, BrokenWindow, SavingWindow, ResumingWindow {

  /** Reads pending_bytes. */
  default long pendingBytes() throws ErrnoException {
    return 0;
  }

  /** Handles a read of data_offset. */
  default void commit() throws ErrnoException {
    // no segment
  }

  /** Reads data_size. */
  default long dataSize() throws ErrnoException {
    return 0;
  }

  /** Writes data_size. */
  default void writeDataSize(long size) throws ErrnoException {
    throw new ErrnoException(Errno.EINVAL, "data_size can be written in RESUMING only");
  }

  /** Returns the number of bytes from the beginning of the window that may be read. */
  default long readable() throws ErrnoException {
    return 0;
  }

  /** Returns the number of bytes from the beginning of the window that may be written. */
  default long writable() throws ErrnoException {
    return 0;
  }

  /** Closes the session. */
  default void close() {
    // no session
  }

  /** Converts a device's failure for the user of the region. */
  static ErrnoException toErrnoException(DeviceException e) {
    ErrnoException failure = new ErrnoException(e.errno(), String.valueOf(e.getMessage()));
    failure.initCause(e);
    return failure;
  }

  /** Returns the window of a session that has begun. */
  static DataWindow of(DataSession session, MigratableDevice device, MemorySegment memory) {
    return switch (session) {
      case SavingSession saving -> new SavingWindow(saving, device, memory);
      case ResumingSession resuming -> new ResumingWindow(resuming, memory);
    };
  }
}
