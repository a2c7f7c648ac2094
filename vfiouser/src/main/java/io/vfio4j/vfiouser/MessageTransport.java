// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** What carries messages: a socket, or for tests something in memory. */
interface MessageTransport extends AutoCloseable {

  /** What a receive answers when nothing came in time. */
  int WOULD_BLOCK = -1;

  /**
   * Receives what has come, or waits for it.
   *
   * @return how many bytes, 0 at the end of the stream, or {@link #WOULD_BLOCK}
   */
  int receive(MemorySegment into, ReceivedFds fds) throws LinuxException;

  /** Says whether receiving, from now on, may wait for ever, or only as long as the transport's timeout. */
  default void waitsForever(boolean forever) throws LinuxException {
    // A transport without a timeout has nothing to choose from.
  }

  /** Receives as much as fits, without descriptors; may return less. Returns as {@link #receive}. */
  int receiveAll(MemorySegment into) throws LinuxException;

  /** Sends a message in one or two pieces, with descriptors. */
  void send(MemorySegment head, MemorySegment tail, List<Fd> fds) throws LinuxException;

  /** Waits until there is something to receive. Returns whether there is. */
  boolean awaitReadable(long timeoutNanos) throws LinuxException;

  /** Makes every receive, begun or to come, see the end of the stream. */
  void shutdown();

  @Override
  void close();
}
