// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client.memory;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.DirtyLog;
import java.lang.foreign.MemorySegment;

/**
 * The client's own log of DMA_WRITE. A server may omit these pages from its reports, as the reference library
 * does since its protocol 0.2, because the client itself has written them. Other servers report them too,
 * which does no harm.
 *
 * <p>
 * It is started while the server's log is, and covers all memory. {@link #mark} may be called by any thread,
 * the other methods by one at a time.
 */
public final class ClientWriteLog {

  private final DirtyLog log = new DirtyLog();

  /**
   * Starts the log, before the server's, so that no write is missed in between.
   *
   * @return whether it was stopped; a started log keeps its pages
   */
  public boolean start() {
    if (log.isStarted()) {
      return false;
    }
    try {
      log.startAll(DirtyLog.PAGE_SIZE);
      return true;
    } catch (ErrnoException e) {
      throw new IllegalStateException("the log of all memory cannot start", e);
    }
  }

  /** Stops the log and discards its pages. */
  public void stop() {
    log.clear();
  }

  /** Records a write; no effect while the log is stopped. */
  void mark(long iova, long length) {
    log.mark(iova, length);
  }

  /**
   * Moves the pages of a range into a report. Called after the server has reported or unmapped the range,
   * when all of its earlier writes have been marked.
   *
   * @param name the device's name, for messages
   * @param pageSize bytes per bit, a power of two of at least 4096
   * @param bitmap where bits are set
   * @throws DeviceException ENOSPC if the log overflowed: all memory counts as dirty
   */
  public void reportInto(String name, IovaRange range, long pageSize, MemorySegment bitmap)
      throws DeviceException {
    if (!log.isStarted()) {
      return;
    }
    try {
      log.report(range.iova(), range.length(), pageSize, bitmap);
    } catch (ErrnoException e) {
      throw new DeviceException(name, "report memory of %s written by message".formatted(range), e.errno());
    }
  }
}
