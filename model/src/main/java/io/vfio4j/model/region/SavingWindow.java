// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.SavingSession;
import java.lang.foreign.MemorySegment;

/** Cuts a saving session into segments, each as large as the window or what one read returns. */
final class SavingWindow implements DataWindow {

  private final SavingSession session;
  private final MigratableDevice device;
  private final MemorySegment memory;
  private long staged;
  private boolean committed;
  private boolean ended;
  private long readWhileStopped;

  SavingWindow(SavingSession session, MigratableDevice device, MemorySegment memory) {
    this.session = session;
    this.device = device;
    this.memory = memory;
  }

  @Override
  public long pendingBytes() throws ErrnoException {
    if (committed) {
      committed = false;
      staged = 0;
    }
    try {
      if (staged == 0 && !ended) {
        stage();
      }
      return staged == 0 ? 0 : staged + estimateRemaining();
    } catch (DeviceException e) {
      throw DataWindow.toErrnoException(e);
    }
  }

  private void stage() throws DeviceException, ErrnoException {
    boolean stopped = isStopped();
    long count = session.read(memory);
    if (count == SavingSession.END) {
      ended = true;
    } else if (count > 0 && count <= memory.byteSize()) {
      staged = count;
      readWhileStopped += stopped ? count : 0;
    } else if (count != SavingSession.NOTHING_NOW || stopped) {
      // To say 0 of a stopped device would end the stream where it does not end.
      throw new ErrnoException(Errno.EIO, "the device read %d bytes into a window of %d, %s"
          .formatted(count, memory.byteSize(), stopped ? "stopped" : "running"));
    }
  }

  /** Estimates what comes after the staged segment. */
  private long estimateRemaining() throws DeviceException {
    if (!isStopped()) {
      long pending = session.preCopyInfo().map(PreCopyInfo::pending).orElse(0L);
      return Math.min(pending, Long.MAX_VALUE - staged);
    }
    long estimate = device.stopCopyLength().orElse(0) - readWhileStopped;
    return Math.clamp(estimate, 0, Long.MAX_VALUE - staged);
  }

  private boolean isStopped() throws DeviceException {
    return device.state() == DeviceState.STOP_COPY;
  }

  @Override
  public void commit() {
    committed = staged > 0;
  }

  @Override
  public long dataSize() {
    return committed ? staged : 0;
  }

  @Override
  public long readable() {
    return dataSize();
  }

  @Override
  public void close() {
    session.close();
  }
}
