// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads messages one after the other. While the peer takes no bytes its messages are {@linkplain #putAside put
 * aside}, to be read later as if they came then.
 */
final class MessageReader implements AutoCloseable {

  private final MessageStream stream;
  private final Backlog backlog = new Backlog();
  private long largestAside;
  private @Nullable Supplier<Arena> asideMemory;
  /** Put aside, as far as it has come; the stream stands within it. */
  private @Nullable QueuedMessage unfinished;
  /** Put aside before, and read now. */
  private @Nullable QueuedMessage replayed;
  private SegmentSlices replayedBody = new SegmentSlices(MemorySegment.NULL);
  private long replayedRemaining;
  private final ReceivedFds replayedFds = new ReceivedFds();

  /**
   * Makes a reader.
   *
   * @param timeout how long a message may take that has begun or is waited for, or {@link MessageSender#UNBOUNDED}
   * @param arena for the buffers
   */
  MessageReader(MessageTransport transport, Duration timeout, Arena arena) {
    stream = new MessageStream(transport, timeout, arena);
  }

  /**
   * Lets messages be put aside.
   *
   * @param largestBody larger ones are left where they are
   * @param memory gives the memory of a message; closed by the thread that reads it
   */
  void putsAside(long largestBody, Supplier<Arena> memory) {
    largestAside = largestBody;
    asideMemory = memory;
  }

  /** Tells whether {@link #putAside} may do something, now that the reader does not stand within a message. */
  boolean canPutAside() {
    if (asideMemory == null || !backlog.hasRoom(largestAside)) {
      return false;
    }
    return unfinished != null ? !stream.hasEnded() : stream.remaining() == 0 && stream.canGoOn(largestAside);
  }

  /** Receives what has come, without waiting, and keeps it for later. */
  void putAside() throws LinuxException, ProtocolException {
    while (canPutAside()) {
      QueuedMessage message = unfinished;
      if (message == null) {
        if (!stream.nextNow(largestAside)) {
          return;
        }
        message = QueuedMessage.begin(stream, Objects.requireNonNull(asideMemory));
        unfinished = message;
      }
      if (!message.fillNow(stream)) {
        return;
      }
      unfinished = null;
      backlog.add(message);
    }
  }

  /** Tells whether bytes of a further message are here already. */
  boolean hasBuffered() {
    return unfinished != null || !backlog.isEmpty() || stream.hasBuffered();
  }

  /**
   * Reads the header of the next message, leaving what is left of the one before.
   *
   * @param waitsForever whether the peer may take its time to begin a message
   * @return false if the peer has closed the connection between two messages
   * @throws ProtocolException if it closed within one, stalls, or sent a size that cannot be
   */
  boolean next(boolean waitsForever) throws LinuxException, ProtocolException {
    if (replayed != null) {
      leaveReplayed();
    }
    if (unfinished == null && backlog.isEmpty()) {
      return stream.next(waitsForever);
    }
    replay();
    return true;
  }

  /** Makes the next message that was put aside the one that is read. */
  private void replay() throws LinuxException, ProtocolException {
    QueuedMessage last = unfinished;
    if (last != null) {
      last.fill(stream);
      unfinished = null;
      backlog.add(last);
    }
    QueuedMessage message = Objects.requireNonNull(backlog.poll());
    replayed = message;
    replayedBody = new SegmentSlices(message.body());
    replayedRemaining = message.body().byteSize();
    replayedFds.takeAll(message.fds());
  }

  private void leaveReplayed() {
    QueuedMessage message = replayed;
    if (message != null) {
      replayed = null;
      replayedFds.close();
      message.close();
    }
  }

  int id() {
    return replayed != null ? replayed.id() : stream.id();
  }

  int command() {
    return replayed != null ? replayed.command() : stream.command();
  }

  int flags() {
    return replayed != null ? replayed.flags() : stream.flags();
  }

  boolean isReply() {
    return (flags() & Header.TYPE_MASK) == Header.TYPE_REPLY;
  }

  boolean isCommand() {
    return (flags() & Header.TYPE_MASK) == Header.TYPE_COMMAND;
  }

  int errno() {
    return replayed != null ? replayed.errno() : stream.errno();
  }

  /** Returns the size of header and body as the peer says it: any value of 32 bits. */
  long messageSize() {
    return replayed != null ? Header.SIZE + replayed.body().byteSize() : stream.messageSize();
  }

  /** Returns how much of the body has not been read. */
  long remaining() {
    return replayed != null ? replayedRemaining : stream.remaining();
  }

  /** Returns the descriptors that came with the message. */
  ReceivedFds fds() {
    return replayed != null ? replayedFds : stream.fds();
  }

  /** Returns the slices of the buffer in which {@link #inPlace} leaves a body. */
  SegmentSlices buffer() {
    return replayed != null ? replayedBody : stream.buffer();
  }

  /** Tells whether the rest of the body can be had in place, to stay there while it is {@linkplain #hold held}. */
  boolean fitsInPlace() {
    return replayed == null && stream.fitsInPlace();
  }

  /**
   * Reads the rest of the body and leaves it in the buffer until the next message is read or waited for.
   *
   * @return where in the buffer it begins
   */
  int inPlace() throws LinuxException, ProtocolException {
    return inPlace((int) remaining());
  }

  /** Reads the next bytes of the body, few enough for the buffer, and leaves them there as {@link #inPlace()}. */
  int inPlace(int size) throws LinuxException, ProtocolException {
    if (replayed == null) {
      return stream.inPlace(size);
    }
    int at = (int) (replayed.body().byteSize() - replayedRemaining);
    replayedRemaining -= size;
    return at;
  }

  /** Reads the next bytes of the body, as many as there is room for. */
  void read(MemorySegment into) throws LinuxException, ProtocolException {
    if (replayed == null) {
      stream.read(into);
    } else {
      MemorySegment body = replayed.body();
      MemorySegment.copy(body, body.byteSize() - replayedRemaining, into, 0, into.byteSize());
      replayedRemaining -= into.byteSize();
    }
  }

  /** Reads the rest of the body and drops it. */
  void skipRest() throws LinuxException, ProtocolException {
    if (replayed != null) {
      replayedRemaining = 0;
    } else if (unfinished == null) {
      stream.skipRest();
    }
  }

  /** Keeps the message that lies in the buffer as it is, while others are read, until {@link #release}. */
  void hold() {
    stream.hold();
  }

  void release() {
    stream.release();
  }

  @Override
  public void close() {
    leaveReplayed();
    if (unfinished != null) {
      unfinished.close();
      unfinished = null;
    }
    backlog.close();
    stream.close();
  }
}
