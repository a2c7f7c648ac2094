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
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The server's own commands to its client, DMA_READ and DMA_WRITE. Commands of the client that arrive while a reply
 * is waited for are carried out at once where that is possible, and else put aside, up to a limit.
 */
final class ServerCalls implements RemoteMemory, AutoCloseable {

  /**
   * The most data in one message, whatever the client would take: it has room in the socket's usual buffer, so that
   * sending it does not wait for a client that is busy sending itself.
   */
  private static final int MAX_PIECE = 64 << 10;

  /** What a client may owe replies to that nobody waits for any more. */
  private static final int MAX_ABANDONED = 64;

  /** A command of ours, until its reply has come. */
  private static final class Question {
    private final int id;
    private final Command command;
    private final long iova;
    private final long count;
    private final MemorySegment into;
    private boolean answered;
    private @Nullable ErrnoException failure;

    Question(int id, Command command, long iova, long count, MemorySegment into) {
      this.id = id;
      this.command = command;
      this.iova = iova;
      this.count = count;
      this.into = into;
    }

    boolean isOpen() {
      return !answered && failure == null;
    }
  }

  private MessageSender sender;
  private MessageReader reader;
  private boolean isTwin;
  private final CommandsMeanwhile meanwhile;
  private final SegmentSlices head;
  private final long largestMessage;
  private final long timeoutNanos;
  private final Backlog queue = new Backlog();
  /** Those that wait for their replies: a command that is carried out meanwhile may make the device ask again. */
  private final ArrayDeque<Question> open = new ArrayDeque<>();
  private final Set<Integer> abandoned = new HashSet<>();
  private int nextId;
  private int piece = MAX_PIECE;
  private @Nullable IOException broken;

  ServerCalls(MessageSender sender, MessageReader reader, CommandsMeanwhile meanwhile, Arena memory,
      long largestMessage, Duration timeout) {
    this.sender = sender;
    this.reader = reader;
    this.meanwhile = meanwhile;
    this.largestMessage = largestMessage;
    this.timeoutNanos = timeout.toNanos();
    head = new SegmentSlices(memory.allocate(Header.SIZE + DmaAccess.SIZE, 8));
  }

  void limit(int maxDataXferSize) {
    piece = Math.min(MAX_PIECE, maxDataXferSize);
  }

  /** Sends commands over a second socket from now on, where only answers to them may come. */
  void over(TwinSocket twin) {
    sender = twin.sender();
    reader = twin.reader();
    isTwin = true;
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
    Question question = new Question(nextId++ & 0xffff, command, iova, count, into);
    try {
      MemorySegment segment = head.segment();
      segment.set(Wire.U64, Header.SIZE + DmaAccess.IOVA, iova);
      segment.set(Wire.U64, Header.SIZE + DmaAccess.COUNT, count);
      Header.write(segment, question.id, command.wireValue(), segment.byteSize() + data.byteSize(),
          Header.TYPE_COMMAND, 0);
      sender.send(segment, data, List.of());
      open.addLast(question);
      awaitAnswer(question);
    } catch (LinuxException | ProtocolException e) {
      broken = e;
      ErrnoException answer = new ErrnoException(errnoFor(e), "the client did not carry out " + command);
      answer.initCause(e);
      throw answer;
    } finally {
      open.remove(question);
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

  private void awaitAnswer(Question question) throws LinuxException, ProtocolException {
    long waitingSince = 0;
    while (question.isOpen()) {
      // What came meanwhile may have found that the connection is broken.
      checkAlive();
      receive(question.command);
      if (reader.isReply()) {
        takeReply();
        continue;
      }
      takeCommand();
      // Each command may take its time, all of them together may not.
      long now = System.nanoTime();
      if (waitingSince == 0) {
        waitingSince = now;
      } else if (question.isOpen() && now - waitingSince >= timeoutNanos) {
        throw new ProtocolException("nothing but commands came while a reply was waited for",
            Errno.ETIMEDOUT);
      }
    }
  }

  private void receive(Command asked) throws LinuxException, ProtocolException {
    if (!reader.next(false)) {
      throw new ProtocolException("the client went away instead of answering " + asked, Errno.ECONNRESET);
    }
    if (reader.messageSize() < Header.SIZE || reader.remaining() > largestMessage) {
      throw new ProtocolException("a message of " + reader.messageSize() + " bytes");
    }
  }

  private void takeCommand() throws LinuxException, ProtocolException {
    if (isTwin || !reader.isCommand()) {
      throw new ProtocolException("a message of type " + (reader.flags() & Header.TYPE_MASK));
    }
    if (!queue.hasRoom(reader.remaining())) {
      throw new ProtocolException("too many commands while it owes a reply");
    }
    QueuedMessage message = QueuedMessage.take(reader);
    // In the order in which they came: behind one that has to wait, all have to.
    if (queue.isEmpty() && meanwhile.takes(message)) {
      try (message) {
        meanwhile.carryOut(message);
      }
      return;
    }
    queue.add(message);
    if (queue.hasTooManyFds()) {
      throw new ProtocolException("too many descriptors while it owes a reply");
    }
    if (message.command() == Command.DEVICE_RESET.wireValue()) {
      abandon();
    }
  }

  /** Ends the device's DMA, which a reset would not let go on: a client that waits for the reset cannot answer it. */
  private void abandon() throws ProtocolException {
    for (Question question : open) {
      if (question.isOpen()) {
        question.failure =
            new ErrnoException(Errno.ECONNABORTED, question.command + " was overtaken by a reset");
        abandoned.add(question.id);
      }
    }
    if (abandoned.size() > MAX_ABANDONED) {
      throw new ProtocolException("too many resets while it owes a reply");
    }
  }

  /** Tells whether the reply that the reader stands at is one that nobody waits for any more. */
  boolean isAbandoned() {
    return !abandoned.isEmpty() && abandoned.remove(reader.id());
  }

  private void takeReply() throws LinuxException, ProtocolException {
    for (Question question : open) {
      if (question.id == reader.id() && question.isOpen()
          && question.command.wireValue() == reader.command()) {
        takeReply(question);
        return;
      }
    }
    if (!isAbandoned()) {
      throw new ProtocolException("a reply to something else than was asked");
    }
  }

  private void takeReply(Question question) throws LinuxException, ProtocolException {
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
    int at = reader.inPlace(DmaAccess.SIZE);
    MemorySegment echo = reader.buffer().segment();
    if (echo.get(Wire.U64, at + DmaAccess.IOVA) != question.iova
        || echo.get(Wire.U64, at + DmaAccess.COUNT) != question.count) {
      throw new ProtocolException(question.command + " answered for another range");
    }
    reader.read(question.into);
    question.answered = true;
  }

  @Override
  public void close() {
    queue.close();
  }
}
