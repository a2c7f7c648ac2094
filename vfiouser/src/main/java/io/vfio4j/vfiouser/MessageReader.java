// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Takes messages from a transport, in few system calls: a small message arrives in one, a large body is received
 * where it belongs.
 *
 * <p>
 * One read may bring several messages. The kernel ends a read with the chunk that carries descriptors, so they
 * belong to the last message that begins in it.
 */
final class MessageReader implements AutoCloseable {

  private static final int READ_AHEAD = 8192;
  /** SCM_MAX_FD: what one honest send can carry. A message in a thousand pieces could bring as many in each. */
  private static final int MOST_FDS = 253;

  private final MessageTransport transport;
  /** How often in a row nothing may come before the peer counts as stalled. */
  private final int patience;
  private final SegmentSlices[] buffers;
  private int reading;
  private int held = -1;
  private int start;
  private int end;
  /** Where in the stream the buffer begins. */
  private long base;

  private long messageAt;
  private int id;
  private int command;
  private int flags;
  private int errno;
  private long messageSize;
  private long remaining;

  private ReceivedFds fds = new ReceivedFds();
  private ReceivedFds laterFds = new ReceivedFds();
  private final ReceivedFds incomingFds = new ReceivedFds();
  /** Where the message begins that {@link #laterFds} belong to, or -1. */
  private long laterAt = -1;

  MessageReader(MessageTransport transport, int patience, Arena arena) {
    this.transport = transport;
    this.patience = patience;
    this.buffers = new SegmentSlices[] {
        new SegmentSlices(arena.allocate(READ_AHEAD, 8)), new SegmentSlices(arena.allocate(READ_AHEAD, 8))};
  }

  /** Tells whether bytes of a further message are here already. */
  boolean hasBuffered() {
    return end - start > remaining;
  }

  /**
   * Reads the header of the next message, leaving what is left of the one before.
   *
   * @param waitsForever whether the peer may take its time to begin a message
   * @return false if the peer has closed the connection between two messages
   * @throws ProtocolException if it closed within one, stalls, or sent a size that cannot be
   */
  boolean next(boolean waitsForever) throws LinuxException, ProtocolException {
    skipRest();
    // Closing none allocates an iterator.
    if (fds.count() > 0) {
      fds.close();
    }
    int waits = 0;
    while (end - start < Header.SIZE) {
      int received = fill();
      if (received == 0) {
        if (start == end) {
          return false;
        }
        throw new ProtocolException("the connection ended within a header", Errno.ECONNRESET);
      }
      if (received == MessageTransport.WOULD_BLOCK && !(waitsForever && start == end)
          && ++waits >= patience) {
        throw new ProtocolException("nothing came in time", Errno.ETIMEDOUT);
      }
    }
    readHeader();
    return true;
  }

  private void readHeader() throws ProtocolException {
    MemorySegment buffer = buffers[reading].segment();
    messageAt = base + start;
    id = Header.id(buffer, start);
    command = Header.command(buffer, start);
    messageSize = Header.messageSize(buffer, start);
    flags = Header.flags(buffer, start);
    errno = Header.errno(buffer, start);
    start += Header.SIZE;
    remaining = Math.max(0, messageSize - Header.SIZE);
    if (laterAt == messageAt) {
      ReceivedFds emptied = fds;
      fds = laterFds;
      laterFds = emptied;
      laterAt = -1;
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

  boolean isReply() {
    return (flags & Header.TYPE_MASK) == Header.TYPE_REPLY;
  }

  boolean isCommand() {
    return (flags & Header.TYPE_MASK) == Header.TYPE_COMMAND;
  }

  int errno() {
    return errno;
  }

  /** Returns the size of header and body as the peer says it: any value of 32 bits. */
  long messageSize() {
    return messageSize;
  }

  /** Returns how much of the body has not been read. */
  long remaining() {
    return remaining;
  }

  /** Returns the descriptors that came with the message. */
  ReceivedFds fds() {
    return fds;
  }

  /** Returns the slices of the buffer in which {@link #inPlace} leaves a body. */
  SegmentSlices buffer() {
    return buffers[reading];
  }

  /** Tells whether the rest of the body can be had in place. */
  boolean fitsInPlace() {
    return remaining <= READ_AHEAD - Header.SIZE;
  }

  /**
   * Reads the rest of the body and leaves it in the buffer until the next message is read or waited for.
   *
   * @return where in the buffer it begins
   */
  int inPlace() throws LinuxException, ProtocolException {
    return inPlace((int) remaining);
  }

  /** Reads the next bytes of the body, few enough for the buffer, and leaves them there as {@link #inPlace()}. */
  int inPlace(int size) throws LinuxException, ProtocolException {
    int waits = 0;
    while (end - start < size) {
      int received = fill();
      waits = checkProgress(received, waits);
    }
    int at = start;
    start += size;
    remaining -= size;
    return at;
  }

  /** Reads the next bytes of the body, as many as there is room for. */
  void read(MemorySegment into) throws LinuxException, ProtocolException {
    long size = into.byteSize();
    long buffered = Math.min(size, end - start);
    MemorySegment.copy(buffers[reading].segment(), start, into, 0, buffered);
    start += (int) buffered;
    remaining -= size;
    int waits = 0;
    for (long done = buffered; done < size;) {
      int received = transport.receiveAll(done == 0 ? into : into.asSlice(done));
      waits = checkProgress(received, waits);
      if (received > 0) {
        done += received;
        base += received;
      }
    }
  }

  private int checkProgress(int received, int waits) throws ProtocolException {
    if (received == 0) {
      throw new ProtocolException("the connection ended within a message", Errno.ECONNRESET);
    }
    if (received > 0) {
      return 0;
    }
    if (waits + 1 >= patience) {
      throw new ProtocolException("the rest of a message did not come in time", Errno.ETIMEDOUT);
    }
    return waits + 1;
  }

  /** Reads the rest of the body and drops it. */
  void skipRest() throws LinuxException, ProtocolException {
    while (remaining > 0) {
      int buffered = (int) Math.min(remaining, end - start);
      start += buffered;
      remaining -= buffered;
      int waits = 0;
      while (remaining > 0 && start == end) {
        waits = checkProgress(fill(), waits);
      }
    }
  }

  /** Keeps the message that lies in the buffer as it is, while others are read, until {@link #release}. */
  void hold() {
    if (held < 0) {
      held = reading;
    }
  }

  void release() {
    held = -1;
  }

  /** Receives once. What is returned is the transport's answer. */
  private int fill() throws LinuxException, ProtocolException {
    makeRoom();
    // A header cut in two, whose descriptors are here: its rest alone, so that those of the message behind it
    // cannot come with it.
    int room = laterAt < 0 ? READ_AHEAD - end : Header.SIZE - (end - start);
    int received = transport.receive(buffers[reading].slice(end, room), incomingFds);
    if (received > 0) {
      end += received;
      if (incomingFds.count() > 0) {
        assignFds();
      }
    }
    return received;
  }

  private void makeRoom() {
    if (reading == held) {
      moveTo(1 - reading);
    } else if (start == end || end == READ_AHEAD || start > READ_AHEAD / 2) {
      moveTo(reading);
    }
  }

  private void moveTo(int buffer) {
    MemorySegment.copy(buffers[reading].segment(), start, buffers[buffer].segment(), 0, end - start);
    base += start;
    end -= start;
    start = 0;
    reading = buffer;
  }

  /** Gives the descriptors of a read to the last message that begins in it. */
  private void assignFds() throws ProtocolException {
    boolean withinBody = remaining > 0;
    long last = withinBody ? messageAt : base + start;
    for (long at = start + remaining; at < end;) {
      last = base + at;
      if (end - at < Header.SIZE) {
        break;
      }
      at += Math.max(Header.SIZE, Header.messageSize(buffers[reading].segment(), at));
    }
    // More may come with every piece of a message: they add up, for whoever judges their number.
    boolean ofCurrent = withinBody && last == messageAt;
    ReceivedFds owner = ofCurrent ? fds : laterFds;
    owner.takeAll(incomingFds);
    if (!ofCurrent) {
      laterAt = last;
    }
    if (owner.count() > MOST_FDS) {
      throw new ProtocolException("a message with " + owner.count() + " descriptors");
    }
  }

  @Override
  public void close() {
    fds.close();
    laterFds.close();
    incomingFds.close();
  }
}
