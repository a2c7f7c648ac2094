// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.dma.RemoteMemory;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.DeferredMessage;
import io.vfio4j.vfiouser.wire.DeferredMessages;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.MessageSender;
import io.vfio4j.vfiouser.wire.SliceTable;
import io.vfio4j.vfiouser.wire.Structs.DmaAccess;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The server's own commands to its client, DMA_READ and DMA_WRITE. Commands of the client that arrive while a reply
 * is waited for are carried out at once where that is possible, and else put aside, up to a limit.
 */
final class DmaAccessRequests implements RemoteMemory, AutoCloseable {

  /**
   * The most data in one message, whatever the client would take: it has room in the socket's usual buffer, so that
   * sending it does not wait for a client that is busy sending itself.
   */
  private static final int MAX_PIECE = 64 << 10;

  /** What a client may owe replies to that nobody waits for any more. */
  private static final int MAX_ABORTED = 64;

  /** A command of ours, until its reply has come. */
  private static final class PendingDmaAccess {
    private final int id;
    private final Command command;
    private final long iova;
    private final long count;
    private final MemorySegment into;
    private boolean completed;
    private @Nullable ErrnoException failure;

    PendingDmaAccess(int id, Command command, long iova, long count, MemorySegment into) {
      this.id = id;
      this.command = command;
      this.iova = iova;
      this.count = count;
      this.into = into;
    }

    boolean isPending() {
      return !completed && failure == null;
    }
  }

  private MessageSender sender;
  private MessageReader reader;
  private boolean usesTwin;
  private final ReentrantCommands reentrantCommands;
  private final SliceTable head;
  private final long maxMessageSize;
  private final long timeoutNanos;
  private final DeferredMessages deferred = new DeferredMessages();
  /** Those that wait for their replies: a command that is carried out meanwhile may make the device ask again. */
  private final ArrayDeque<PendingDmaAccess> pending = new ArrayDeque<>();
  private final Set<Integer> aborted = new HashSet<>();
  private int nextId;
  private int maxPiece = MAX_PIECE;
  private @Nullable IOException failure;

  DmaAccessRequests(MessageSender sender, MessageReader reader, ReentrantCommands meanwhile, Arena memory,
      long largestMessage, Duration timeout) {
    this.sender = sender;
    this.reader = reader;
    this.reentrantCommands = meanwhile;
    this.maxMessageSize = largestMessage;
    this.timeoutNanos = timeout.toNanos();
    head = new SliceTable(memory.allocate(Header.SIZE + DmaAccess.SIZE, 8));
  }

  void limitPieces(int maxDataXferSize) {
    maxPiece = Math.min(MAX_PIECE, maxDataXferSize);
  }

  /** Sends commands over a second socket from now on, where only answers to them may come. */
  void useTwin(TwinSocket twin) {
    sender = twin.sender();
    reader = twin.reader();
    usesTwin = true;
  }

  boolean hasDeferred() {
    return !deferred.isEmpty();
  }

  /** Returns the next command that was put aside, which is the caller's then, or null. */
  @Nullable
  DeferredMessage pollDeferred() {
    return deferred.poll();
  }

  boolean hasFailed() {
    return failure != null;
  }

  /** Throws what went wrong while the device, which cannot end a connection, was waiting for a reply. */
  void checkFailure() throws LinuxException, ProtocolException {
    switch (failure) {
      case null -> {
      }
      case LinuxException e -> throw e;
      case ProtocolException e -> throw e;
      default -> throw new IllegalStateException(failure);
    }
  }

  @Override
  public void read(long iova, MemorySegment into) throws ErrnoException {
    for (long done = 0; done < into.byteSize();) {
      long length = Math.min(maxPiece, into.byteSize() - done);
      MemorySegment part = into.asSlice(done, length);
      call(Command.DMA_READ, iova + done, length, MemorySegment.NULL, part);
      done += length;
    }
  }

  @Override
  public void write(long iova, MemorySegment from) throws ErrnoException {
    for (long done = 0; done < from.byteSize();) {
      long length = Math.min(maxPiece, from.byteSize() - done);
      call(Command.DMA_WRITE, iova + done, length, from.asSlice(done, length), MemorySegment.NULL);
      done += length;
    }
  }

  private void call(Command command, long iova, long count, MemorySegment data, MemorySegment into)
      throws ErrnoException {
    if (failure != null) {
      throw new ErrnoException(Errno.EIO, "the connection is broken");
    }
    PendingDmaAccess question = new PendingDmaAccess(nextId++ & 0xffff, command, iova, count, into);
    try {
      MemorySegment segment = head.segment();
      segment.set(LittleEndian.U64, Header.SIZE + DmaAccess.IOVA, iova);
      segment.set(LittleEndian.U64, Header.SIZE + DmaAccess.COUNT, count);
      Header.write(segment, question.id, command.wireValue(), segment.byteSize() + data.byteSize(),
          Header.TYPE_COMMAND, 0);
      sender.send(segment, data, List.of());
      pending.addLast(question);
      awaitReply(question);
    } catch (LinuxException | ProtocolException e) {
      failure = e;
      ErrnoException answer = new ErrnoException(errnoFor(e), "the client did not carry out " + command);
      answer.initCause(e);
      throw answer;
    } finally {
      pending.remove(question);
    }
    if (question.failure != null) {
      throw question.failure;
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

  private void awaitReply(PendingDmaAccess question) throws LinuxException, ProtocolException {
    long waitingSince = 0;
    while (question.isPending()) {
      // What came meanwhile may have found that the connection is broken.
      checkFailure();
      receive(question.command);
      if (reader.isReply()) {
        receiveReply();
        continue;
      }
      receiveCommand();
      // Each command may take its time, all of them together may not.
      long now = System.nanoTime();
      if (waitingSince == 0) {
        waitingSince = now;
      } else if (question.isPending() && now - waitingSince >= timeoutNanos) {
        throw new ProtocolException("nothing but commands came while a reply was waited for",
            Errno.ETIMEDOUT);
      }
    }
  }

  private void receive(Command asked) throws LinuxException, ProtocolException {
    if (!reader.next(false)) {
      throw new ProtocolException("the client went away instead of answering " + asked, Errno.ECONNRESET);
    }
    if (reader.messageSize() < Header.SIZE || reader.remaining() > maxMessageSize) {
      throw new ProtocolException("a message of " + reader.messageSize() + " bytes");
    }
  }

  private void receiveCommand() throws LinuxException, ProtocolException {
    if (usesTwin || !reader.isCommand()) {
      throw new ProtocolException("a message of type " + (reader.flags() & Header.TYPE_MASK));
    }
    if (!deferred.hasRoom(reader.remaining())) {
      throw new ProtocolException("too many commands while it owes a reply");
    }
    DeferredMessage message = DeferredMessage.receive(reader);
    // In the order in which they came: behind one that has to wait, all have to.
    if (deferred.isEmpty() && reentrantCommands.accepts(message)) {
      try (message) {
        reentrantCommands.execute(message);
      }
      return;
    }
    deferred.add(message);
    if (deferred.exceedsFdLimit()) {
      throw new ProtocolException("too many descriptors while it owes a reply");
    }
    if (message.command() == Command.DEVICE_RESET.wireValue()) {
      abortPending();
    }
  }

  /** Ends the device's DMA, which a reset would not let go on: a client that waits for the reset cannot answer it. */
  private void abortPending() throws ProtocolException {
    for (PendingDmaAccess question : pending) {
      if (question.isPending()) {
        question.failure =
            new ErrnoException(Errno.ECONNABORTED, question.command + " was overtaken by a reset");
        aborted.add(question.id);
      }
    }
    if (aborted.size() > MAX_ABORTED) {
      throw new ProtocolException("too many resets while it owes a reply");
    }
  }

  /** Tells whether the reply that the reader stands at is one that nobody waits for any more. */
  boolean isAbortedReply() {
    return !aborted.isEmpty() && aborted.remove(reader.id());
  }

  private void receiveReply() throws LinuxException, ProtocolException {
    for (PendingDmaAccess question : pending) {
      if (question.id == reader.id() && question.isPending()
          && question.command.wireValue() == reader.command()) {
        receiveReply(question);
        return;
      }
    }
    if (!isAbortedReply()) {
      throw new ProtocolException("a reply to something else than was asked");
    }
  }

  private void receiveReply(PendingDmaAccess question) throws LinuxException, ProtocolException {
    if ((reader.flags() & Header.ERROR) != 0) {
      int errno = reader.errno();
      // A peer may set the flag and forget the number.
      question.failure = new ErrnoException(errno > 0 ? new Errno(errno) : Errno.EIO,
          question.command + " at 0x" + Long.toHexString(question.iova));
      return;
    }
    long expected = DmaAccess.SIZE + question.into.byteSize();
    if (reader.remaining() != expected) {
      throw new ProtocolException(
          question.command + " answered with " + reader.remaining() + " bytes, not " + expected);
    }
    int at = reader.readInPlace(DmaAccess.SIZE);
    MemorySegment echo = reader.buffer().segment();
    if (echo.get(LittleEndian.U64, at + DmaAccess.IOVA) != question.iova
        || echo.get(LittleEndian.U64, at + DmaAccess.COUNT) != question.count) {
      throw new ProtocolException(question.command + " answered for another range");
    }
    reader.read(question.into);
    question.completed = true;
  }

  @Override
  public void close() {
    deferred.close();
  }
}
