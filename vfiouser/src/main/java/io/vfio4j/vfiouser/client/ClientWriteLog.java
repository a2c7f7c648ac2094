// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.DirtyLog;
import java.lang.foreign.MemorySegment;

/**
 * The client's own log of what the server writes by DMA_WRITE. A server may leave these pages out of its reports, as the
 * reference library does since its protocol 0.2: the client has written them itself, and knows. Other servers report them
 * too; a page that both have is one page.
 *
 * <p>
 * It is on while the server's log is, and covers all memory: a report asks for a range. {@link #mark} may be called by any
 * thread, the rest by one at a time.
 */
final class ClientWriteLog {

  private final DirtyLog log = new DirtyLog();

  /**
   * Starts before the server's log does, so that no write is missed in between.
   *
   * @return whether it was off; if it was on, it keeps what it has
   */
  boolean start() {
    if (log.isStarted()) {
      return false;
    }
    try {
      log.startAll(DirtyLog.PAGE_SIZE);
      return true;
    } catch (ErrnoException e) {
      throw new IllegalStateException("the log of all memory does not start", e);
    }
  }

  /** Stops, and forgets what was written. */
  void stop() {
    log.clear();
  }

  /** Notes that memory has been written; nothing happens while it is off. */
  void mark(long iova, long length) {
    log.mark(iova, length);
  }

  /**
   * Adds the pages of a range to a report, and forgets them. To be called after the server has reported the range, or has
   * unmapped it: what it wrote before that has been marked by then.
   *
   * @param name the device's name, for messages
   * @param range the range
   * @param pageSize bytes per bit, a power of two of at least 4096
   * @param bitmap where bits are set
   * @throws DeviceException ENOSPC if more was written than can be logged, so that all memory is dirty
   */
  void reportInto(String name, IovaRange range, long pageSize, MemorySegment bitmap) throws DeviceException {
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
