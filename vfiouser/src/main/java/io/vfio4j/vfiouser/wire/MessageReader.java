// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.vfiouser.ProtocolException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads messages one after another. While a send is blocked, messages are
 * {@linkplain #deferReceived deferred}, and read later as if they arrived then. The current message is either
 * the stream's, or {@link #current}, a deferred one.
 */
public final class MessageReader implements AutoCloseable {

  private final MessageStream stream;
  private final DeferredMessages deferredMessages = new DeferredMessages();
  private long maxDeferredBody;
  private @Nullable Supplier<Arena> deferredMemory;
  /** The deferred message that has not arrived completely; the stream is within it. */
  private @Nullable DeferredMessage partial;
  /** The deferred message that is being read; null if the current message is the stream's. */
  private @Nullable DeferredMessage current;
  private SliceTable currentBody = new SliceTable(MemorySegment.NULL);
  private long currentRemaining;
  private final ReceivedFds currentFds = new ReceivedFds();

  /**
   * Creates a reader.
   *
   * @param timeout how long a message may take that has begun or is expected, or
   *     {@link MessageSender#UNBOUNDED}
   * @param arena for the buffers
   */
  public MessageReader(MessageTransport transport, Duration timeout, Arena arena) {
    stream = new MessageStream(transport, timeout, arena);
  }

  /**
   * Enables deferral of messages.
   *
   * @param maxBody messages with a larger body stay in the socket
   * @param memory allocates a message; closed by the thread that reads it
   */
  public void enableDeferral(long maxBody, Supplier<Arena> memory) {
    maxDeferredBody = maxBody;
    deferredMemory = memory;
  }

  /** Returns whether {@link #deferReceived} can receive messages. The reader must not be within a message. */
  boolean canDefer() {
    if (deferredMemory == null || !deferredMessages.hasRoom(maxDeferredBody)) {
      return false;
    }
    return partial != null ? !stream.hasEnded()
        : stream.remaining() == 0 && stream.canReadNext(maxDeferredBody);
  }

  /** Receives the messages that have arrived, without waiting, and defers them. */
  void deferReceived() throws LinuxException, ProtocolException {
    while (canDefer()) {
      DeferredMessage message = partial;
      if (message == null) {
        if (!stream.nextNow(maxDeferredBody)) {
          return;
        }
        message = DeferredMessage.begin(stream, Objects.requireNonNull(deferredMemory));
        partial = message;
      }
      if (!message.fillNow(stream)) {
        return;
      }
      partial = null;
      deferredMessages.add(message);
    }
  }

  /**
   * Receives what has arrived, without waiting.
   *
   * @return whether {@link #next} will not wait: for a whole message, the end of the stream, or a message that
   *     is too long
   */
  public boolean receiveNow() throws LinuxException, ProtocolException {
    if (current != null) {
      closeCurrent();
    }
    if (partial == null) {
      stream.skipRest();
    }
    deferReceived();
    return !deferredMessages.isEmpty() || stream.hasEnded()
        || (partial == null && !stream.canReadNext(maxDeferredBody));
  }

  /**
   * Waits until bytes of the next message, or the end of the stream, have arrived.
   *
   * @return false at the timeout of the transport, or if a signal has interrupted the wait
   */
  public boolean awaitBytes() throws LinuxException, ProtocolException {
    if (current != null) {
      closeCurrent();
    }
    return partial != null || !deferredMessages.isEmpty() || stream.awaitBytes();
  }

  /** Returns whether bytes of a further message have been received. */
  public boolean hasBuffered() {
    return partial != null || !deferredMessages.isEmpty() || stream.hasBuffered();
  }

  /**
   * Reads the header of the next message, skipping the rest of the previous one.
   *
   * @param waitsForever whether to wait without limit for a message to begin
   * @return false if the peer has closed the connection between two messages
   * @throws ProtocolException if it closed the connection within one, stalls, or sent an invalid size
   */
  public boolean next(boolean waitsForever) throws LinuxException, ProtocolException {
    if (current != null) {
      closeCurrent();
    }
    if (partial == null && deferredMessages.isEmpty()) {
      return stream.next(waitsForever);
    }
    nextDeferred();
    return true;
  }

  /** Makes the next deferred message the current one. */
  private void nextDeferred() throws LinuxException, ProtocolException {
    DeferredMessage last = partial;
    if (last != null) {
      last.fill(stream);
      partial = null;
      deferredMessages.add(last);
    }
    DeferredMessage message = Objects.requireNonNull(deferredMessages.poll());
    current = message;
    currentBody = new SliceTable(message.body());
    currentRemaining = message.body().byteSize();
    currentFds.takeAll(message.fds());
  }

  private void closeCurrent() {
    DeferredMessage message = current;
    if (message != null) {
      current = null;
      currentFds.close();
      message.close();
    }
  }

  public int id() {
    return current != null ? current.id() : stream.id();
  }

  public int command() {
    return current != null ? current.command() : stream.command();
  }

  public int flags() {
    return current != null ? current.flags() : stream.flags();
  }

  public boolean isReply() {
    return (flags() & Header.TYPE_MASK) == Header.TYPE_REPLY;
  }

  public boolean isCommand() {
    return (flags() & Header.TYPE_MASK) == Header.TYPE_COMMAND;
  }

  public int errno() {
    return current != null ? current.errno() : stream.errno();
  }

  /** Returns the size of header and body as in the header: any 32-bit value. */
  public long messageSize() {
    return current != null ? Header.SIZE + current.body().byteSize() : stream.messageSize();
  }

  /** Returns the number of bytes of the body that have not been read. */
  public long remaining() {
    return current != null ? currentRemaining : stream.remaining();
  }

  /** Returns the descriptors that came with the message. */
  public ReceivedFds fds() {
    return current != null ? currentFds : stream.fds();
  }

  /** Returns the slices of the buffer in which {@link #readInPlace} leaves a body. */
  public SliceTable buffer() {
    return current != null ? currentBody : stream.buffer();
  }

  /**
   * Returns whether the rest of the body fits in the buffer, where it stays while it is
   * {@linkplain #hold held}.
   */
  boolean fitsInPlace() {
    return current == null && stream.fitsInPlace();
  }

  /**
   * Reads the rest of the body into the buffer, where it stays until the next message is read.
   *
   * @return its offset in the buffer
   */
  public int readInPlace() throws LinuxException, ProtocolException {
    return readInPlace((int) remaining());
  }

  /** Reads the next bytes of the body, which must fit in the buffer, as {@link #readInPlace()}. */
  public int readInPlace(int size) throws LinuxException, ProtocolException {
    if (current == null) {
      return stream.readInPlace(size);
    }
    int at = (int) (current.body().byteSize() - currentRemaining);
    currentRemaining -= size;
    return at;
  }

  /** Reads the next bytes of the body, until the segment is full. */
  public void read(MemorySegment into) throws LinuxException, ProtocolException {
    if (current == null) {
      stream.read(into);
    } else {
      MemorySegment body = current.body();
      MemorySegment.copy(body, body.byteSize() - currentRemaining, into, 0, into.byteSize());
      currentRemaining -= into.byteSize();
    }
  }

  /** Skips the rest of the body. */
  public void skipRest() throws LinuxException, ProtocolException {
    if (current != null) {
      currentRemaining = 0;
    } else if (partial == null) {
      stream.skipRest();
    }
  }

  /**
   * Returns what has been received beyond the current message, which has been read, in order. It stays here.
   */
  public List<UnreadBytes> unread() {
    List<UnreadBytes> all = new ArrayList<>(deferredMessages.unread());
    if (partial != null) {
      all.add(partial.unread(stream.fds()));
    }
    stream.buffered().ifPresent(all::add);
    return all;
  }

  /** Keeps the current message in its buffer while others are read, until {@link #release}. */
  public void hold() {
    stream.hold();
  }

  public void release() {
    stream.release();
  }

  @Override
  public void close() {
    closeCurrent();
    if (partial != null) {
      partial.close();
      partial = null;
    }
    deferredMessages.close();
    stream.close();
  }
}
