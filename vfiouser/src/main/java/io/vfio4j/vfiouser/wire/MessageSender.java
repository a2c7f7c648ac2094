// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.ProtocolException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;

/**
 * Sends messages, usually in one system call. While the socket is full, messages of the peer are received and
 * deferred ({@link MessageReader#deferReceived}): otherwise two ends that both send more than a socket holds
 * would deadlock.
 */
public final class MessageSender {

  /** Without limit: the caller has a watchdog. */
  public static final Duration UNBOUNDED = Duration.ZERO;

  private final MessageTransport transport;
  private final MessageReader reader;
  private final long timeoutNanos;

  /**
   * Creates a sender.
   *
   * @param reader receives from the same transport
   * @param timeout how long the peer may take for a message, or {@link #UNBOUNDED}
   */
  public MessageSender(MessageTransport transport, MessageReader reader, Duration timeout) {
    this.transport = transport;
    this.reader = reader;
    this.timeoutNanos = timeout.toNanos();
  }

  /**
   * Sends a message in one or two pieces, with descriptors. The reader must not be within a message.
   *
   * @throws ProtocolException ETIMEDOUT if the peer does not receive all of it in time, and others for the
   *     messages that it sends
   */
  public void send(MemorySegment head, MemorySegment tail, List<Fd> fds)
      throws LinuxException, ProtocolException {
    long sent = transport.sendNow(head, tail, 0, fds);
    if (sent != head.byteSize() + tail.byteSize()) {
      sendRest(head, tail, Math.max(0, sent), fds);
    }
  }

  private void sendRest(MemorySegment head, MemorySegment tail, long sent, List<Fd> fds)
      throws LinuxException, ProtocolException {
    long start = System.nanoTime();
    long done = sent;
    while (done < head.byteSize() + tail.byteSize()) {
      long left = timeoutNanos - (System.nanoTime() - start);
      if (timeoutNanos > 0 && left <= 0) {
        throw new ProtocolException("a message was not read in time", Errno.ETIMEDOUT);
      }
      int ready = transport.awaitWritable(reader.canDefer(), timeoutNanos > 0 ? left : -1);
      if ((ready & MessageTransport.READABLE) != 0 && reader.canDefer()) {
        reader.deferReceived();
      }
      if ((ready & MessageTransport.WRITABLE) != 0) {
        done += Math.max(0, transport.sendNow(head, tail, done, fds));
      }
    }
  }
}
