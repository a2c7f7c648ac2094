// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.wire.MessageTransport;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.List;

/** Messages to and from an object in the process. Bytes are split and joined as by a socket of the kernel. */
final class InMemoryTransport implements MessageTransport {

  private final InMemoryClient client;
  private final ArrayDeque<InMemoryClient.Piece> pieces = new ArrayDeque<>();
  /** Bytes of the first piece that have been received. */
  private long consumed;
  private boolean ended;

  InMemoryTransport(InMemoryClient client) {
    this.client = client;
  }

  @Override
  public int receive(MemorySegment into, ReceivedFds fds) throws LinuxException {
    if (!awaitPiece()) {
      return 0;
    }
    if (takePause()) {
      return WOULD_BLOCK;
    }
    long received = 0;
    boolean hadFds = false;
    while (received < into.byteSize() && !pieces.isEmpty() && !hadFds && !isPauseNext()) {
      if (consumed == 0) {
        for (Fd fd : pieces.getFirst().fds()) {
          fds.add(fd.duplicate());
          hadFds = true;
        }
      }
      received += move(into, received);
    }
    return (int) received;
  }

  @Override
  public int receiveAll(MemorySegment into) throws LinuxException {
    long received = 0;
    boolean hadFds = false;
    while (received < into.byteSize() && !hadFds && awaitPiece()) {
      if (isPauseNext()) {
        return received == 0 && takePause() ? WOULD_BLOCK : (int) received;
      }
      hadFds = consumed == 0 && !pieces.getFirst().fds().isEmpty();
      received += move(into, received);
    }
    return (int) received;
  }

  /** Copies as much of the first piece as fits. */
  private long move(MemorySegment into, long at) {
    MemorySegment bytes = pieces.getFirst().bytes();
    long size = Math.min(bytes.byteSize() - consumed, into.byteSize() - at);
    MemorySegment.copy(bytes, consumed, into, at, size);
    consumed += size;
    if (consumed == bytes.byteSize()) {
      pieces.removeFirst();
      consumed = 0;
    }
    return size;
  }

  /** Fetches pieces if there are none. Returns false at the end of the stream. */
  private boolean awaitPiece() {
    if (pieces.isEmpty() && !ended) {
      pieces.addAll(client.next());
      ended = pieces.isEmpty();
    }
    return !ended;
  }

  private boolean isPauseNext() {
    return pieces.getFirst().bytes().byteSize() == 0;
  }

  /** Removes a pause if it is the next piece. Returns whether it was. */
  private boolean takePause() {
    if (isPauseNext()) {
      pieces.removeFirst();
      return true;
    }
    return false;
  }

  @Override
  public int receiveNow(MemorySegment into, ReceivedFds fds) throws LinuxException {
    return pieces.isEmpty() && !ended && !client.isReady(0) ? WOULD_BLOCK : receive(into, fds);
  }

  @Override
  public long sendNow(MemorySegment head, MemorySegment tail, long skip, List<Fd> fds) throws LinuxException {
    if (ended) {
      throw new LinuxException("send", "a client that has disconnected", Errno.EPIPE);
    }
    client.receive(head, tail, fds);
    return head.byteSize() + tail.byteSize();
  }

  @Override
  public int awaitWritable(boolean orReadable, long timeoutNanos) {
    return WRITABLE;
  }

  @Override
  public boolean awaitReadable(long timeoutNanos) {
    return !pieces.isEmpty() || ended || client.isReady(timeoutNanos < 0 ? Long.MAX_VALUE : timeoutNanos);
  }

  /** Cannot wait for both, so it always includes EVENT. */
  @Override
  public int awaitReadable(Fd alarm, long timeoutNanos) {
    return (awaitReadable(timeoutNanos) ? READABLE : 0) | EVENT;
  }

  @Override
  public void shutdown() {
    ended = true;
    pieces.clear();
  }

  @Override
  public void close() {
    shutdown();
  }
}
