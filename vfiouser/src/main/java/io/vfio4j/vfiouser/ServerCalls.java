// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.Structs.DmaAccess;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The server's own commands to its client, DMA_READ and DMA_WRITE. Commands of the client that arrive while a reply
 * is waited for are put aside, up to a limit.
 */
final class ServerCalls implements RemoteMemory, AutoCloseable {

  /**
   * The most data in one message, whatever the client would take: it has room in the socket's usual buffer, so that
   * sending it does not wait for a client that is busy sending itself.
   */
  private static final int MAX_PIECE = 64 << 10;

  private final MessageSender sender;
  private final MessageReader reader;
  private final SegmentSlices head;
  private final long largestMessage;
  private final long timeoutNanos;
  private final Backlog queue = new Backlog();
  private int nextId;
  private int piece = MAX_PIECE;
  private @Nullable IOException broken;

  ServerCalls(MessageSender sender, MessageReader reader, Arena memory, long largestMessage,
      Duration timeout) {
    this.sender = sender;
    this.reader = reader;
    this.largestMessage = largestMessage;
    this.timeoutNanos = timeout.toNanos();
    head = new SegmentSlices(memory.allocate(Header.SIZE + DmaAccess.SIZE, 8));
  }

  void limit(int maxDataXferSize) {
    piece = Math.min(MAX_PIECE, maxDataXferSize);
  }

  boolean hasQueued() {
    return !queue.isEmpty();
  }

  /** Returns the next command that was put aside, which is the caller's then, or null. */
  @Nullable
  QueuedMessage poll() {
    return queue.poll();
  }

  boolean isBroken() {
    return broken != null;
  }

  /** Throws what went wrong while the device, which cannot end a connection, was waiting for a reply. */
  void checkAlive() throws LinuxException, ProtocolException {
    switch (broken) {
      case null -> {
      }
      case LinuxException e -> throw e;
      case ProtocolException e -> throw e;
      default -> throw new IllegalStateException(broken);
    }
  }

  @Override
  public void read(long iova, MemorySegment into) throws ErrnoException {
    for (long done = 0; done < into.byteSize();) {
      long length = Math.min(piece, into.byteSize() - done);
      MemorySegment part = into.asSlice(done, length);
      call(Command.DMA_READ, iova + done, length, MemorySegment.NULL, part);
      done += length;
    }
  }

  @Override
  public void write(long iova, MemorySegment from) throws ErrnoException {
    for (long done = 0; done < from.byteSize();) {
      long length = Math.min(piece, from.byteSize() - done);
      call(Command.DMA_WRITE, iova + done, length, from.asSlice(done, length), MemorySegment.NULL);
      done += length;
    }
  }

  private void call(Command command, long iova, long count, MemorySegment data, MemorySegment into)
      throws ErrnoException {
    if (broken != null) {
      throw new ErrnoException(Errno.EIO, "the connection is broken");
    }
    try {
      int id = nextId++ & 0xffff;
      MemorySegment segment = head.segment();
      segment.set(Wire.U64, Header.SIZE + DmaAccess.IOVA, iova);
      segment.set(Wire.U64, Header.SIZE + DmaAccess.COUNT, count);
      Header.write(segment, id, command.wireValue(), segment.byteSize() + data.byteSize(),
          Header.TYPE_COMMAND, 0);
      sender.send(segment, data, List.of());
      awaitReply(command, id);
      takeReply(command, iova, count, into);
    } catch (LinuxException | ProtocolException e) {
      broken = e;
      ErrnoException answer = new ErrnoException(errnoFor(e), "the client did not carry out " + command);
      answer.initCause(e);
      throw answer;
    }
  }

  private static Errno errnoFor(IOException e) {
    Errno errno = switch (e) {
      case ProtocolException broke -> broke.errno();
      case LinuxException failed -> failed.errno();
      default -> Errno.EIO;
    };
    return errno.equals(Errno.ETIMEDOUT) ? errno : Errno.EIO;
  }

  private void awaitReply(Command command, int id) throws LinuxException, ProtocolException {
    long waitingSince = 0;
    while (!nextIsReply(command)) {
      putAside();
      // Each command may take its time, all of them together may not.
      long now = System.nanoTime();
      if (waitingSince == 0) {
        waitingSince = now;
      } else if (now - waitingSince >= timeoutNanos) {
        throw new ProtocolException("nothing but commands came while a reply was waited for",
            Errno.ETIMEDOUT);
      }
    }
    if (reader.id() != id || reader.command() != command.wireValue()) {
      throw new ProtocolException("a reply to something else than was asked");
    }
  }

  private boolean nextIsReply(Command command) throws LinuxException, ProtocolException {
    if (!reader.next(false)) {
      throw new ProtocolException("the client went away instead of answering " + command,
          Errno.ECONNRESET);
    }
    if (reader.messageSize() < Header.SIZE || reader.remaining() > largestMessage) {
      throw new ProtocolException("a message of " + reader.messageSize() + " bytes");
    }
    return reader.isReply();
  }

  private void putAside() throws LinuxException, ProtocolException {
    if (!reader.isCommand()) {
      throw new ProtocolException("a message of type " + (reader.flags() & Header.TYPE_MASK));
    }
    if (!queue.hasRoom(reader.remaining())) {
      throw new ProtocolException("too many commands while it owes a reply");
    }
    queue.add(QueuedMessage.take(reader));
    if (queue.hasTooManyFds()) {
      throw new ProtocolException("too many descriptors while it owes a reply");
    }
  }

  private void takeReply(Command command, long iova, long count, MemorySegment into)
      throws LinuxException, ProtocolException, ErrnoException {
    if ((reader.flags() & Header.ERROR) != 0) {
      int errno = reader.errno();
      // A peer may set the flag and forget the number.
      throw new ErrnoException(errno > 0 ? new Errno(errno) : Errno.EIO,
          command + " at 0x" + Long.toHexString(iova));
    }
    long expected = DmaAccess.SIZE + into.byteSize();
    if (reader.remaining() != expected) {
      throw new ProtocolException(
          command + " answered with " + reader.remaining() + " bytes, not " + expected);
    }
    int at = reader.inPlace(DmaAccess.SIZE);
    MemorySegment echo = reader.buffer().segment();
    if (echo.get(Wire.U64, at + DmaAccess.IOVA) != iova
        || echo.get(Wire.U64, at + DmaAccess.COUNT) != count) {
      throw new ProtocolException(command + " answered for another range");
    }
    reader.read(into);
  }

  @Override
  public void close() {
    queue.close();
  }
}
