// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.ReceivedFds;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * What carries messages: a socket, or for tests something in memory. One thread receives and sends at a time; only
 * {@link #awaitReadable} and {@link #shutdown} may be called meanwhile by others.
 */
public interface MessageTransport extends AutoCloseable {

  /** What receiving and sending answer when nothing came, or nothing was taken. */
  int WOULD_BLOCK = -1;

  int READABLE = Poller.READABLE;
  int WRITABLE = Poller.WRITABLE;
  int EVENT = 4;

  /**
   * Receives what has come, or waits for it.
   *
   * @return how many bytes, 0 at the end of the stream, or {@link #WOULD_BLOCK} at the transport's timeout
   */
  int receive(MemorySegment into, ReceivedFds fds) throws LinuxException;

  /** Receives what has come, without waiting. Returns as {@link #receive}. */
  int receiveNow(MemorySegment into, ReceivedFds fds) throws LinuxException;

  /** Says whether receiving, from now on, may wait for ever, or only as long as the transport's timeout. */
  default void setUnbounded(boolean forever) throws LinuxException {
    // A transport without a timeout has nothing to choose from.
  }

  /** Receives as much as fits, without descriptors; may return less. Returns as {@link #receive}. */
  int receiveAll(MemorySegment into) throws LinuxException;

  /**
   * Sends what is taken at once of a message in one or two pieces.
   *
   * @param skip how many of its bytes have been sent before
   * @param fds descriptors that go with the first byte
   * @return how many bytes were taken, or {@link #WOULD_BLOCK}
   */
  long sendNow(MemorySegment head, MemorySegment tail, long skip, List<Fd> fds) throws LinuxException;

  /**
   * Waits until bytes are taken or, if that is wanted, there are some to receive.
   *
   * @param timeoutNanos negative to wait for ever
   * @return {@link #READABLE}, {@link #WRITABLE}, both, or 0 at the timeout
   */
  int awaitWritable(boolean orReadable, long timeoutNanos) throws LinuxException;

  /**
   * Waits until there is something to receive. Returns whether there is.
   *
   * @param timeoutNanos negative to wait for ever
   */
  boolean awaitReadable(long timeoutNanos) throws LinuxException;

  /**
   * Waits until there is something to receive, or a descriptor tells of something else. Of what happened before there
   * was something to receive, the descriptor tells at the same time.
   *
   * @param alarm what is readable when there is something else; the same each time
   * @param timeoutNanos negative to wait for ever
   * @return {@link #READABLE}, {@link #EVENT}, both, or 0 at the timeout. A transport that cannot wait for both says
   *     ALARM whenever it returns
   */
  int awaitReadable(Fd alarm, long timeoutNanos) throws LinuxException;

  /** Returns what is to be used for the second socket of the same session, whose bare transport is given. */
  default MessageTransport wrapTwin(MessageTransport bare) {
    return bare;
  }

  /** Makes every receive, begun or to come, see the end of the stream. */
  void shutdown();

  @Override
  void close();
}
