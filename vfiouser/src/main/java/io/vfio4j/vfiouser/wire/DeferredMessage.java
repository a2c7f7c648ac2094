// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.vfiouser.ProtocolException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Supplier;

/**
 * A message that was received before it could be handled, with its descriptors. It is complete when
 * {@link #fillNow} or {@link #fill} has returned.
 */
public final class DeferredMessage implements AutoCloseable {

  private final Arena memory;
  private final ReceivedFds fds = new ReceivedFds();
  private final int id;
  private final int command;
  private final int flags;
  private final int errno;
  private final MemorySegment body;
  private long received;

  private DeferredMessage(int id, int command, int flags, int errno, long size, Supplier<Arena> memory) {
    this.memory = memory.get();
    this.id = id;
    this.command = command;
    this.flags = flags;
    this.errno = errno;
    this.body = this.memory.allocate(Math.max(1, size)).asSlice(0, size);
  }

  /**
   * Creates a message for a header that has been read; the body is read later. The caller has checked its
   * size.
   *
   * @param memory allocates the body; closed with the message
   */
  static DeferredMessage begin(MessageStream stream, Supplier<Arena> memory) {
    return new DeferredMessage(stream.id(), stream.command(), stream.flags(), stream.errno(),
        stream.remaining(),
        memory);
  }

  /** Receives the reader's current message, all of it. The caller has checked its size. */
  public static DeferredMessage receive(MessageReader reader) throws LinuxException, ProtocolException {
    DeferredMessage message =
        new DeferredMessage(reader.id(), reader.command(), reader.flags(), reader.errno(),
            reader.remaining(), Arena::ofConfined);
    try {
      reader.read(message.body);
      message.received = message.body.byteSize();
      message.fds.takeAll(reader.fds());
      return message;
    } catch (LinuxException | ProtocolException | RuntimeException e) {
      message.close();
      throw e;
    }
  }

  /**
   * Creates a complete message.
   *
   * @param message header and body, as on the wire; at least a header
   * @param fds its descriptors, which it then owns
   */
  public static DeferredMessage of(MemorySegment message, List<Fd> fds) {
    DeferredMessage created = new DeferredMessage(Header.id(message, 0), Header.command(message, 0),
        Header.flags(message, 0), Header.errno(message, 0), message.byteSize() - Header.SIZE,
        Arena::ofConfined);
    created.received = created.body.byteSize();
    MemorySegment.copy(message, Header.SIZE, created.body, 0, created.received);
    fds.forEach(created.fds::add);
    return created;
  }

  /** Returns what has been received of header and body, with the descriptors, which stay this message's. */
  public UnreadBytes unread() {
    return unread(fds);
  }

  /**
   * Returns what has been received of header and body.
   *
   * @param receivedFds the descriptors received, which stay the caller's; those of a message that is not complete
   *     are still the stream's
   */
  UnreadBytes unread(ReceivedFds receivedFds) {
    byte[] bytes = new byte[Header.SIZE + (int) received];
    MemorySegment into = MemorySegment.ofArray(bytes);
    Header.write(into, id, command, Header.SIZE + body.byteSize(), flags, errno);
    MemorySegment.copy(body, 0, into, Header.SIZE, received);
    return new UnreadBytes(into, receivedFds.all());
  }

  /** Receives the rest of the body, waiting for it. */
  void fill(MessageStream stream) throws LinuxException, ProtocolException {
    stream.read(body.asSlice(received));
    received = body.byteSize();
    fds.takeAll(stream.fds());
  }

  /** Receives the bytes of the body that have arrived. Returns whether it is complete. */
  boolean fillNow(MessageStream stream) throws LinuxException, ProtocolException {
    while (received < body.byteSize()) {
      int got = stream.readNow(body.asSlice(received));
      if (got <= 0) {
        return false;
      }
      received += got;
    }
    fds.takeAll(stream.fds());
    return true;
  }

  int id() {
    return id;
  }

  public int command() {
    return command;
  }

  int flags() {
    return flags;
  }

  int errno() {
    return errno;
  }

  public MemorySegment body() {
    return body;
  }

  ReceivedFds fds() {
    return fds;
  }

  @Override
  public void close() {
    fds.close();
    memory.close();
  }
}
