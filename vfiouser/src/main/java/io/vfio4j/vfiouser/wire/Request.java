// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.ProtocolException;
import java.lang.foreign.MemorySegment;

/** A received command. One object serves all commands of a connection, one after another. */
public final class Request implements AutoCloseable {

  private final SliceTable largeBody;
  /** Not the reader's, which receives further commands with descriptors while this one is executed. */
  private final ReceivedFds fds = new ReceivedFds();
  private int id;
  private int command;
  private int flags;
  private SliceTable body;
  private int bodyOffset;
  private int size;

  /** Creates a request with a buffer for bodies that do not fit in the reader's. */
  public Request(SliceTable large) {
    this.largeBody = large;
    this.body = large;
  }

  /** Receives the reader's current message, all of it. The caller has checked its size. */
  public void receive(MessageReader reader) throws LinuxException, ProtocolException {
    id = reader.id();
    command = reader.command();
    flags = reader.flags();
    size = (int) reader.remaining();
    if (reader.fitsInPlace()) {
      bodyOffset = reader.readInPlace();
      body = reader.buffer();
    } else {
      reader.read(largeBody.slice(0, size));
      bodyOffset = 0;
      body = largeBody;
    }
    // Last, because some may arrive with the end of the body.
    takeFds(reader.fds());
  }

  /** Loads a deferred message. */
  public void load(DeferredMessage queued) {
    id = queued.id();
    command = queued.command();
    flags = queued.flags();
    size = (int) queued.body().byteSize();
    MemorySegment.copy(queued.body(), 0, largeBody.segment(), 0, size);
    bodyOffset = 0;
    body = largeBody;
    takeFds(queued.fds());
  }

  private void takeFds(ReceivedFds received) {
    close();
    if (received.count() > 0) {
      fds.takeAll(received);
    }
  }

  int id() {
    return id;
  }

  public int command() {
    return command;
  }

  public boolean wantsReply() {
    return (flags & Header.NO_REPLY) == 0;
  }

  public int size() {
    return size;
  }

  public ReceivedFds fds() {
    return fds;
  }

  /** Checks that the body has at least that size. */
  public void requireSize(int bytes) throws ErrnoException {
    if (size < bytes) {
      throw new ErrnoException(Errno.EINVAL,
          Command.fromWire(command) + " with " + size + " bytes instead of " + bytes);
    }
  }

  /** Checks that the body has at least that size, and that its first field, argsz, is at least that. */
  public void requireArgsz(int bytes) throws ErrnoException {
    requireSize(bytes);
    if (Integer.compareUnsigned(u32(0), bytes) < 0) {
      throw new ErrnoException(Errno.EINVAL, Command.fromWire(command) + " with argsz " + u32(0));
    }
  }

  /**
   * Checks that argsz has room for the fields and the data that follow them, in the reply or in the request
   * itself.
   *
   * @param fields size of the fields, which the body has
   * @param data size of the data, as in the request
   */
  public void requireArgsz(int fields, long data) throws ErrnoException {
    long argsz = Integer.toUnsignedLong(u32(0));
    if (data < 0 || data > argsz - fields) {
      throw new ErrnoException(Errno.EINVAL,
          "%s with argsz %d, and %s bytes of data after %d of fields".formatted(
              Command.fromWire(command), argsz, Long.toUnsignedString(data), fields));
    }
  }

  public int u32(int offset) {
    return body.segment().get(LittleEndian.U32, bodyOffset + offset);
  }

  public long u64(int offset) {
    return body.segment().get(LittleEndian.U64, bodyOffset + offset);
  }

  /** Returns a part of the body, valid as long as the request. */
  public MemorySegment data(int offset, int length) {
    return body.slice(bodyOffset + offset, length);
  }

  public MemorySegment body() {
    return body.segment();
  }

  public int bodyOffset() {
    return bodyOffset;
  }

  /** Closes the descriptors that the handler did not take. */
  @Override
  public void close() {
    // Usually there are none, and then close() would still allocate an iterator.
    if (fds.count() > 0) {
      fds.close();
    }
  }
}
