// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.log;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Request;

/**
 * The log of one client: its connection, and its refused requests. The limiter bounds what a client can
 * write.
 *
 * @param log receives the lines
 * @param client its number and credentials, such as {@code client 3 (pid 812, uid 0)}
 */
@SuppressWarnings("exports") // Only the server uses it.
public record ClientLog(LogLimiter log, String client) implements AutoCloseable {

  public void connected() {
    log.log(LogLevel.INFO, client + " connected");
  }

  void disconnected(String reason) {
    log.log(LogLevel.INFO, "%s disconnected: %s".formatted(client, reason));
  }

  /** Logs the end of a connection, and reports suppressed lines. */
  public void ended(boolean wasNegotiated, String failure, boolean isStopping) {
    close();
    if (wasNegotiated) {
      disconnected(isStopping ? "the server is stopping"
          : failure.isEmpty() ? "it closed the connection" : "the connection failed");
    } else if (failure.isEmpty()) {
      disconnectedBeforeVersion();
    }
  }

  /** Logs that the device has moved, with the connection or without it. */
  public void released() {
    close();
    log.log(LogLevel.INFO, client + " was released: the device has moved");
  }

  /** Logs that another VMM has taken the place of this one, or this one that of another. */
  public void replaced() {
    close();
    log.log(LogLevel.INFO, client + " has changed its place");
  }

  /** Logs a connection that ended before VERSION, usually a check whether the server is listening. */
  void disconnectedBeforeVersion() {
    log.log(LogLevel.DEBUG, client + " disconnected before sending VERSION");
  }

  public void refused(Request request, ErrnoException refusal) {
    log.log(level(request, refusal.errno()),
        "%s: %s refused: %s: %s".formatted(client, RequestSummary.of(request),
            refusal.errno(), refusal.reason()));
  }

  /**
   * Refusals that clients expect are only of interest for debugging: queries for optional features, and
   * QEMU's unmapping of a whole virtual IOMMU.
   */
  private static LogLevel level(Request request, Errno errno) {
    boolean isQuestion = errno.equals(Errno.ENOTTY) || errno.equals(Errno.ENOSYS);
    boolean isNothingToUnmap =
        errno.equals(Errno.ENOENT) && Command.fromWire(request.command()) == Command.DMA_UNMAP;
    return isQuestion || isNothingToUnmap ? LogLevel.DEBUG : LogLevel.INFO;
  }

  /**
   * Reports suppressed lines. The limits are those of the log, so a client that reconnects does not reset
   * them.
   */
  @Override
  public void close() {
    log.report();
  }
}
