// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.ResumingSession;
import java.lang.foreign.MemorySegment;

/** The data window in RESUMING: writes the submitted segments to a resuming session, in order. */
final class ResumingWindow implements DataWindow {

  private final ResumingSession session;
  private final MemorySegment memory;
  /** Set by the first refused segment, and never cleared. */
  private boolean failed;

  ResumingWindow(ResumingSession session, MemorySegment memory) {
    this.session = session;
    this.memory = memory;
  }

  @Override
  public void writeDataSize(long size) throws ErrnoException {
    if (failed) {
      throw new ErrnoException(Errno.EIO, "an earlier segment was refused; the device must be reset");
    }
    if (size < 0 || size > memory.byteSize()) {
      throw new ErrnoException(Errno.EINVAL, "a segment of %s bytes in a window of %d"
          .formatted(Long.toUnsignedString(size), memory.byteSize()));
    }
    if (size == 0) {
      return;
    }
    try {
      session.write(memory.asSlice(0, size));
      session.endSegment();
    } catch (DeviceException e) {
      failed = true;
      throw DataWindow.toErrnoException(e);
    }
  }

  @Override
  public long readable() {
    return memory.byteSize();
  }

  @Override
  public long writable() {
    return memory.byteSize();
  }

  @Override
  public void close() {
    session.close();
  }
}
