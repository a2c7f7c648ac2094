// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.handover;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.UnreadBytes;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The transport of a connection that another server has passed on: returns first what that server had received
 * and not handled.
 */
public final class ReplayTransport implements MessageTransport {

  private final MessageTransport transport;
  /** What is left, in order. A receive never spans two of them, so that descriptors stay with their message. */
  private final ArrayDeque<UnreadBytes> unread;
  /** The number of bytes of the first that have been received. */
  private long done;

  /**
   * @param transport owned by this object
   * @param unread what was received before; its descriptors are owned by this object
   */
  public ReplayTransport(MessageTransport transport, Collection<UnreadBytes> unread) {
    this.transport = transport;
    this.unread = new ArrayDeque<>(unread);
  }

  @Override
  public int receive(MemorySegment into, ReceivedFds fds) throws LinuxException {
    UnreadBytes next = unread.peekFirst();
    return next != null ? replay(next, into, fds) : transport.receive(into, fds);
  }

  @Override
  public int receiveNow(MemorySegment into, ReceivedFds fds) throws LinuxException {
    UnreadBytes next = unread.peekFirst();
    return next != null ? replay(next, into, fds) : transport.receiveNow(into, fds);
  }

  @Override
  public int receiveAll(MemorySegment into) throws LinuxException {
    UnreadBytes next = unread.peekFirst();
    return next != null ? replay(next, into, null) : transport.receiveAll(into);
  }

  private int replay(UnreadBytes next, MemorySegment into, @Nullable ReceivedFds fds) {
    if (done == 0) {
      // Without a place for them they are closed, as the kernel does.
      next.fds().forEach(fds != null ? fds::add : Fd::close);
    }
    long count = Math.min(into.byteSize(), next.bytes().byteSize() - done);
    MemorySegment.copy(next.bytes(), done, into, 0, count);
    done += count;
    if (done == next.bytes().byteSize()) {
      unread.removeFirst();
      done = 0;
    }
    return (int) count;
  }

  @Override
  public void setUnbounded(boolean forever) throws LinuxException {
    transport.setUnbounded(forever);
  }

  @Override
  public long sendNow(MemorySegment head, MemorySegment tail, long skip, List<Fd> fds) throws LinuxException {
    return transport.sendNow(head, tail, skip, fds);
  }

  @Override
  public int awaitWritable(boolean orReadable, long timeoutNanos) throws LinuxException {
    return unread.isEmpty() || !orReadable
        ? transport.awaitWritable(orReadable, timeoutNanos)
        : READABLE | transport.awaitWritable(false, 0);
  }

  @Override
  public boolean awaitReadable(long timeoutNanos) throws LinuxException {
    return !unread.isEmpty() || transport.awaitReadable(timeoutNanos);
  }

  @Override
  public int awaitReadable(Fd alarm, long timeoutNanos) throws LinuxException {
    return unread.isEmpty()
        ? transport.awaitReadable(alarm, timeoutNanos)
        : READABLE | transport.awaitReadable(alarm, 0);
  }

  @Override
  public MessageTransport wrapTwin(MessageTransport bare) {
    return transport.wrapTwin(bare);
  }

  @Override
  public void shutdown() {
    transport.shutdown();
  }

  @Override
  public void close() {
    if (done > 0) {
      unread.removeFirst(); // Its descriptors have been received.
      done = 0;
    }
    unread.forEach(left -> left.fds().forEach(Fd::close));
    unread.clear();
    transport.close();
  }
}
