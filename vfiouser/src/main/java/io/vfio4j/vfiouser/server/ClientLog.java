// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Request;

/**
 * The log of one client: when it came and went, and what it was refused. What it can bring about is bounded.
 *
 * @param log takes the lines
 * @param client its number and who it is, as in {@code client 3 (pid 812, uid 0)}
 */
record ClientLog(LogLimiter log, String client) implements AutoCloseable {

  void connected() {
    log.log(LogLevel.INFO, client + " connected");
  }

  void disconnected(String reason) {
    log.log(LogLevel.INFO, "%s disconnected: %s".formatted(client, reason));
  }

  /** A connection that ended before a VERSION: to see whether somebody listens, mostly. */
  void disconnectedBeforeVersion() {
    log.log(LogLevel.DEBUG, client + " connected and left without a VERSION");
  }

  void refused(Request request, ErrnoException refusal) {
    log.log(level(request, refusal.errno()),
        "%s: %s refused: %s: %s".formatted(client, RequestSummary.of(request),
            refusal.errno(), refusal.reason()));
  }

  /** What clients do to find out what there is, and QEMU with a virtual IOMMU to unmap it all, is nothing to look into. */
  private static LogLevel level(Request request, Errno errno) {
    boolean isQuestion = errno.equals(Errno.ENOTTY) || errno.equals(Errno.ENOSYS);
    boolean isNothingToUnmap =
        errno.equals(Errno.ENOENT) && Command.fromWire(request.command()) == Command.DMA_UNMAP;
    return isQuestion || isNothingToUnmap ? LogLevel.DEBUG : LogLevel.INFO;
  }

  /** Writes what was left out; a client that comes again is the next, and finds the budget as it left it. */
  @Override
  public void close() {
    log.report();
  }
}
