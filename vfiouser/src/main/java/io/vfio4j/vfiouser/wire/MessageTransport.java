// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.ReceivedFds;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Carries messages: over a socket, or for tests in memory. One thread at a time receives and sends; other
 * threads may call only {@link #awaitReadable} and {@link #shutdown} meanwhile.
 */
public interface MessageTransport extends AutoCloseable {

  /** Returned if no byte was received, or none was accepted for sending. */
  int WOULD_BLOCK = -1;

  int READABLE = Poller.READABLE;
  int WRITABLE = Poller.WRITABLE;
  int EVENT = 4;

  /**
   * Receives the bytes that have arrived, or waits for some.
   *
   * @return the number of bytes, 0 at the end of the stream, or {@link #WOULD_BLOCK} at the transport's
   *     timeout, or if a signal has interrupted the wait
   */
  int receive(MemorySegment into, ReceivedFds fds) throws LinuxException;

  /** Receives the bytes that have arrived, without waiting. Returns as {@link #receive}. */
  int receiveNow(MemorySegment into, ReceivedFds fds) throws LinuxException;

  /** Sets whether {@link #receive} waits without limit, or for the transport's timeout. */
  default void setUnbounded(boolean forever) throws LinuxException {
    // Nothing to set for a transport without a timeout.
  }

  /**
   * Receives until the segment is full, without descriptors; may return less. Returns as {@link #receive}.
   */
  int receiveAll(MemorySegment into) throws LinuxException;

  /**
   * Sends a message in one or two pieces, as far as it is accepted without waiting.
   *
   * @param skip the number of its bytes that have been sent before
   * @param fds descriptors that go with the first byte
   * @return the number of bytes accepted, or {@link #WOULD_BLOCK}
   */
  long sendNow(MemorySegment head, MemorySegment tail, long skip, List<Fd> fds) throws LinuxException;

  /**
   * Waits until bytes can be sent or, on request, received.
   *
   * @param timeoutNanos negative to wait without limit
   * @return {@link #READABLE}, {@link #WRITABLE}, both, or 0 at the timeout
   */
  int awaitWritable(boolean orReadable, long timeoutNanos) throws LinuxException;

  /**
   * Waits until there are bytes to receive, or a signal interrupts the wait. Returns whether there are.
   *
   * @param timeoutNanos negative to wait without limit
   */
  boolean awaitReadable(long timeoutNanos) throws LinuxException;

  /**
   * Waits until there are bytes to receive, or a descriptor is readable. If it became readable before the
   * bytes arrived, both are returned.
   *
   * @param alarm the descriptor; the same in every call
   * @param timeoutNanos negative to wait without limit
   * @return {@link #READABLE}, {@link #EVENT}, both, or 0 at the timeout or if a signal has interrupted the wait. A
   *     transport that cannot wait for both always includes {@link #EVENT}
   */
  int awaitReadable(Fd alarm, long timeoutNanos) throws LinuxException;

  /** Wraps the transport of the connection's twin socket as this transport is wrapped. */
  default MessageTransport wrapTwin(MessageTransport bare) {
    return bare;
  }

  /** Makes every current and future receive return the end of the stream. From any thread. */
  void shutdown();

  @Override
  void close();
}
