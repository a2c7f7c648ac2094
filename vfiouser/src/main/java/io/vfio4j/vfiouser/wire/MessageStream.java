// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.ProtocolException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;

/**
 * Receives messages from a transport in few system calls: a small message takes one, and a large body is
 * received directly into its destination.
 *
 * <p>
 * One read may return several messages. The kernel ends a read with the chunk that carries descriptors, so
 * they belong to the last message that begins in it.
 *
 * <p>
 * A message that has begun must be complete within the timeout; trickling bytes do not restart it. The clock
 * is read only if a message does not arrive whole.
 */
final class MessageStream implements AutoCloseable {

  private static final int READ_AHEAD = 8192;
  /** SCM_MAX_FD, the most that one send can carry. A message in many pieces could carry as many with each. */
  private static final int MAX_FDS = 253;

  /**
   * Number of consecutive messages that must arrive whole before the wait for the next one has no timeout. A
   * timeout costs a kernel timer for each wait, a twentieth of a round trip; to change it costs a system
   * call.
   */
  private static final int UNTIMED_AFTER = 64;

  private static final String TIMED_OUT = "the rest of a message did not arrive in time";

  private final MessageTransport transport;
  /** How long a message may take, or 0 for no limit. */
  private final long timeoutNanos;
  private final SliceTable[] buffers;
  private int current;
  private int held = -1;
  private int start;
  private int end;
  /** The position in the stream at which the buffer begins. */
  private long base;
  private int consecutiveWhole;
  private final SliceCache rest = new SliceCache();
  private boolean isTimed;
  private long timedSince;
  private boolean ended;

  private long messageAt;
  private int id;
  private int command;
  private int flags;
  private int errno;
  private long messageSize;
  private long remaining;

  private ReceivedFds fds = new ReceivedFds();
  private ReceivedFds nextFds = new ReceivedFds();
  private final ReceivedFds incomingFds = new ReceivedFds();
  /** The position of the message that owns {@link #nextFds}, or -1. */
  private long nextAt = -1;

  /**
   * Creates a stream.
   *
   * @param timeout how long a message may take that has begun or is expected, or
   *     {@link MessageSender#UNBOUNDED}
   * @param arena for the buffers
   */
  MessageStream(MessageTransport transport, Duration timeout, Arena arena) {
    this.transport = transport;
    this.timeoutNanos = timeout.toNanos();
    this.buffers = new SliceTable[] {
        new SliceTable(arena.allocate(READ_AHEAD, 8)), new SliceTable(arena.allocate(READ_AHEAD, 8))};
  }

  /** Returns whether bytes of a further message have been received. */
  boolean hasBuffered() {
    return end - start > remaining;
  }

  /**
   * Reads the header of the next message, skipping the rest of the previous one.
   *
   * @param waitsForever whether to wait without limit for a message to begin
   * @return false if the peer has closed the connection between two messages
   * @throws ProtocolException if it closed the connection within one, stalls, or sent an invalid size
   */
  boolean next(boolean waitsForever) throws LinuxException, ProtocolException {
    skipRest();
    finishMessage();
    while (end - start < Header.SIZE) {
      boolean mayTakeItsTime = waitsForever && start == end;
      transport.setUnbounded(mayTakeItsTime && consecutiveWhole >= UNTIMED_AFTER);
      if (!mayTakeItsTime) {
        checkTimeout(
            start == end ? "no message arrived in time" : "the rest of a header did not arrive in time");
      }
      if (fill(true) == 0) {
        if (start == end) {
          return false;
        }
        throw new ProtocolException("the connection ended within a header", Errno.ECONNRESET);
      }
    }
    readHeader();
    consecutiveWhole = end - start >= remaining ? Math.min(UNTIMED_AFTER, consecutiveWhole + 1) : 0;
    return true;
  }

  /** Waits for bytes of the next message, as {@link MessageReader#awaitBytes}. */
  boolean awaitBytes() throws LinuxException, ProtocolException {
    skipRest();
    finishMessage();
    if (start < end) {
      return true;
    }
    transport.setUnbounded(consecutiveWhole >= UNTIMED_AFTER);
    return fill(true) != MessageTransport.WOULD_BLOCK;
  }

  private void finishMessage() {
    // close() allocates an iterator even if there are none.
    if (fds.count() > 0) {
      fds.close();
    }
    isTimed = false;
  }

  /**
   * Reads the header of the next message if it has arrived, without waiting. The previous message must have
   * been read.
   *
   * @param maxBody a message with a longer body, or of an invalid size, is left for {@link #next}
   * @return whether it was read
   */
  boolean nextNow(long maxBody) throws LinuxException, ProtocolException {
    while (end - start < Header.SIZE) {
      int received = fill(false);
      if (received <= 0) {
        ended = received == 0;
        return false;
      }
    }
    if (!canReadNext(maxBody)) {
      return false;
    }
    finishMessage();
    readHeader();
    return true;
  }

  /** Returns whether {@link #nextNow} can read a message, now or after further bytes have arrived. */
  boolean canReadNext(long maxBody) {
    if (ended || end - start < Header.SIZE) {
      return !ended;
    }
    long size = Header.messageSize(buffers[current].segment(), start);
    return size >= Header.SIZE && size - Header.SIZE <= maxBody;
  }

  /** Returns whether {@link #nextNow} has reached the end of the stream. */
  boolean hasEnded() {
    return ended;
  }

  /** Starts the timeout of a message, or checks it. */
  private void checkTimeout(String timeoutMessage) throws ProtocolException {
    if (timeoutNanos == 0) {
      return;
    }
    long now = System.nanoTime();
    if (!isTimed) {
      isTimed = true;
      timedSince = now;
    } else if (now - timedSince >= timeoutNanos) {
      throw new ProtocolException(timeoutMessage, Errno.ETIMEDOUT);
    }
  }

  private void readHeader() throws ProtocolException {
    MemorySegment buffer = buffers[current].segment();
    messageAt = base + start;
    id = Header.id(buffer, start);
    command = Header.command(buffer, start);
    messageSize = Header.messageSize(buffer, start);
    flags = Header.flags(buffer, start);
    errno = Header.errno(buffer, start);
    start += Header.SIZE;
    remaining = Math.max(0, messageSize - Header.SIZE);
    if (nextAt == messageAt) {
      ReceivedFds emptied = fds;
      fds = nextFds;
      nextFds = emptied;
      nextAt = -1;
    }
  }

  int id() {
    return id;
  }

  int command() {
    return command;
  }

  int flags() {
    return flags;
  }

  int errno() {
    return errno;
  }

  /** Returns the size of header and body as in the header: any 32-bit value. */
  long messageSize() {
    return messageSize;
  }

  /** Returns the number of bytes of the body that have not been read. */
  long remaining() {
    return remaining;
  }

  /** Returns the descriptors that came with the message. */
  ReceivedFds fds() {
    return fds;
  }

  /** Returns the slices of the buffer in which {@link #readInPlace} leaves a body. */
  SliceTable buffer() {
    return buffers[current];
  }

  /**
   * Returns whether the rest of the body fits in the buffer, where it stays while it is
   * {@linkplain #hold held}.
   */
  boolean fitsInPlace() {
    return remaining <= READ_AHEAD - Header.SIZE;
  }

  /**
   * Reads the next bytes of the body, which must fit in the buffer, where they stay until the next message is
   * read.
   *
   * @return their offset in the buffer
   */
  int readInPlace(int size) throws LinuxException, ProtocolException {
    while (end - start < size) {
      receiveRest();
    }
    int at = start;
    start += size;
    remaining -= size;
    return at;
  }

  /** Receives more of the body into the buffer. */
  private void receiveRest() throws LinuxException, ProtocolException {
    transport.setUnbounded(false);
    checkTimeout(TIMED_OUT);
    checkNotEnded(fill(true));
  }

  /** Reads the next bytes of the body, until the segment is full. */
  void read(MemorySegment into) throws LinuxException, ProtocolException {
    long size = into.byteSize();
    long done = copyBuffered(into);
    while (done < size) {
      transport.setUnbounded(false);
      checkTimeout(TIMED_OUT);
      int received = transport.receiveAll(done == 0 ? into : rest.of(into, done, size - done));
      checkNotEnded(received);
      if (received > 0) {
        done += received;
        base += received;
        remaining -= received;
      }
    }
  }

  /**
   * Reads the bytes of the body that have arrived, without waiting.
   *
   * @param into at most as long as what remains of the body
   * @return the number of bytes, or {@link MessageTransport#WOULD_BLOCK}
   */
  int readNow(MemorySegment into) throws LinuxException, ProtocolException {
    long copied = copyBuffered(into);
    if (copied > 0) {
      return (int) copied;
    }
    int received = transport.receiveNow(into, fds);
    checkNotEnded(received);
    if (received > 0) {
      base += received;
      remaining -= received;
      checkFds(fds);
    }
    return received;
  }

  /** Copies bytes of the body that are in the buffer, and returns their number. */
  private long copyBuffered(MemorySegment into) {
    long copied = Math.min(into.byteSize(), end - start);
    MemorySegment.copy(buffers[current].segment(), start, into, 0, copied);
    start += (int) copied;
    remaining -= copied;
    return copied;
  }

  private static void checkNotEnded(int received) throws ProtocolException {
    if (received == 0) {
      throw new ProtocolException("the connection ended within a message", Errno.ECONNRESET);
    }
  }

  /** Skips the rest of the body. */
  void skipRest() throws LinuxException, ProtocolException {
    while (remaining > 0) {
      int buffered = (int) Math.min(remaining, end - start);
      start += buffered;
      remaining -= buffered;
      if (remaining > 0) {
        receiveRest();
      }
    }
  }

  /** Returns a copy of the bytes after the current message, with their descriptors, which stay here. */
  Optional<UnreadBytes> buffered() {
    // A deferred message that is not complete has taken its own bytes from the buffer.
    int from = (int) Math.min(end, start + Math.max(0, Math.min(remaining, end - start)));
    if (from == end) {
      return Optional.empty();
    }
    byte[] bytes = new byte[end - from];
    MemorySegment.copy(buffers[current].segment(), from, MemorySegment.ofArray(bytes), 0, bytes.length);
    return Optional.of(new UnreadBytes(MemorySegment.ofArray(bytes), nextFds.all()));
  }

  /** Keeps the current message in its buffer while others are read, until {@link #release}. */
  void hold() {
    if (held < 0) {
      held = current;
    }
  }

  void release() {
    held = -1;
  }

  /** Receives once, and returns the transport's result. */
  private int fill(boolean waits) throws LinuxException, ProtocolException {
    makeRoom();
    // If descriptors have arrived with a part of a header, read only the rest of that header, so that
    // descriptors of the next message cannot arrive with it.
    int room = nextAt < 0 ? READ_AHEAD - end : Header.SIZE - (end - start);
    MemorySegment into = buffers[current].slice(end, room);
    int received =
        waits ? transport.receive(into, incomingFds) : transport.receiveNow(into, incomingFds);
    if (received > 0) {
      end += received;
      if (incomingFds.count() > 0) {
        assignFds();
      }
    }
    return received;
  }

  private void makeRoom() {
    if (current == held) {
      moveBuffered(1 - current);
    } else if (start == end || end == READ_AHEAD || start > READ_AHEAD / 2) {
      moveBuffered(current);
    }
  }

  private void moveBuffered(int buffer) {
    MemorySegment.copy(buffers[current].segment(), start, buffers[buffer].segment(), 0, end - start);
    base += start;
    end -= start;
    start = 0;
    current = buffer;
  }

  /** Assigns the descriptors of a read to the last message that begins in it. */
  private void assignFds() throws ProtocolException {
    boolean withinBody = remaining > 0;
    long last = withinBody ? messageAt : base + start;
    for (long at = start + remaining; at < end;) {
      last = base + at;
      if (end - at < Header.SIZE) {
        break;
      }
      at += Math.max(Header.SIZE, Header.messageSize(buffers[current].segment(), at));
    }
    // Each piece of a message may carry more: they add up, and checkFds limits their number.
    boolean ofCurrent = withinBody && last == messageAt;
    ReceivedFds owner = ofCurrent ? fds : nextFds;
    owner.takeAll(incomingFds);
    if (!ofCurrent) {
      nextAt = last;
    }
    checkFds(owner);
  }

  private static void checkFds(ReceivedFds ofMessage) throws ProtocolException {
    if (ofMessage.count() > MAX_FDS) {
      throw new ProtocolException("a message with " + ofMessage.count() + " descriptors");
    }
  }

  @Override
  public void close() {
    fds.close();
    nextFds.close();
    incomingFds.close();
  }
}
