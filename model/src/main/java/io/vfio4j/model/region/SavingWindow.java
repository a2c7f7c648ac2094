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

/**
 * The data window in the saving states: divides a saving session into segments, each at most as large as the
 * window.
 *
 * <p>
 * States: <i>empty</i> (no segment staged), <i>staged</i> (a segment is in the window), <i>committed</i> (the
 * user has read data_offset), <i>ended</i>. Reading pending_bytes drops a committed segment, which is
 * acknowledged by it, and stages the next one from an empty window; at the end of the session it leads to
 * <i>ended</i>. Reading data_offset leads from <i>staged</i> to <i>committed</i>.
 */
final class SavingWindow implements DataWindow {

  private final SavingSession session;
  private final MigratableDevice device;
  private final MemorySegment memory;
  /** Size of the segment in the window, in bytes; 0 if there is none. */
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
      // For a stopped device, 0 pending bytes would end the stream early.
      throw new ErrnoException(Errno.EIO, "the device read %d bytes into a window of %d, %s"
          .formatted(count, memory.byteSize(), stopped ? "stopped" : "running"));
    }
  }

  /** Estimates the number of bytes that follow the staged segment. */
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
