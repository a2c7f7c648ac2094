// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.vfiouser.ProtocolException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads messages one after the other. While the peer takes no bytes its messages are {@linkplain #deferReceived put
 * aside}, to be read later as if they came then.
 */
public final class MessageReader implements AutoCloseable {

  private final MessageStream stream;
  private final DeferredMessages deferredMessages = new DeferredMessages();
  private long maxDeferredBody;
  private @Nullable Supplier<Arena> deferredMemory;
  /** Put aside, as far as it has come; the stream stands within it. */
  private @Nullable DeferredMessage partial;
  /** Put aside before, and read now. */
  private @Nullable DeferredMessage current;
  private SliceTable currentBody = new SliceTable(MemorySegment.NULL);
  private long currentRemaining;
  private final ReceivedFds currentFds = new ReceivedFds();

  /**
   * Makes a reader.
   *
   * @param timeout how long a message may take that has begun or is waited for, or {@link MessageSender#UNBOUNDED}
   * @param arena for the buffers
   */
  public MessageReader(MessageTransport transport, Duration timeout, Arena arena) {
    stream = new MessageStream(transport, timeout, arena);
  }

  /**
   * Lets messages be put aside.
   *
   * @param largestBody larger ones are left where they are
   * @param memory gives the memory of a message; closed by the thread that reads it
   */
  public void enableDeferral(long largestBody, Supplier<Arena> memory) {
    maxDeferredBody = largestBody;
    deferredMemory = memory;
  }

  /** Tells whether {@link #deferReceived} may do something, now that the reader does not stand within a message. */
  boolean canDefer() {
    if (deferredMemory == null || !deferredMessages.hasRoom(maxDeferredBody)) {
      return false;
    }
    return partial != null ? !stream.hasEnded()
        : stream.remaining() == 0 && stream.canReadNext(maxDeferredBody);
  }

  /** Receives what has come, without waiting, and keeps it for later. */
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

  /** Tells whether bytes of a further message are here already. */
  public boolean hasBuffered() {
    return partial != null || !deferredMessages.isEmpty() || stream.hasBuffered();
  }

  /**
   * Reads the header of the next message, leaving what is left of the one before.
   *
   * @param waitsForever whether the peer may take its time to begin a message
   * @return false if the peer has closed the connection between two messages
   * @throws ProtocolException if it closed within one, stalls, or sent a size that cannot be
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

  /** Makes the next message that was put aside the one that is read. */
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

  /** Returns the size of header and body as the peer says it: any value of 32 bits. */
  public long messageSize() {
    return current != null ? Header.SIZE + current.body().byteSize() : stream.messageSize();
  }

  /** Returns how much of the body has not been read. */
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

  /** Tells whether the rest of the body can be had in place, to stay there while it is {@linkplain #hold held}. */
  boolean fitsInPlace() {
    return current == null && stream.fitsInPlace();
  }

  /**
   * Reads the rest of the body and leaves it in the buffer until the next message is read or waited for.
   *
   * @return where in the buffer it begins
   */
  public int readInPlace() throws LinuxException, ProtocolException {
    return readInPlace((int) remaining());
  }

  /** Reads the next bytes of the body, few enough for the buffer, and leaves them there as {@link #readInPlace()}. */
  public int readInPlace(int size) throws LinuxException, ProtocolException {
    if (current == null) {
      return stream.readInPlace(size);
    }
    int at = (int) (current.body().byteSize() - currentRemaining);
    currentRemaining -= size;
    return at;
  }

  /** Reads the next bytes of the body, as many as there is room for. */
  public void read(MemorySegment into) throws LinuxException, ProtocolException {
    if (current == null) {
      stream.read(into);
    } else {
      MemorySegment body = current.body();
      MemorySegment.copy(body, body.byteSize() - currentRemaining, into, 0, into.byteSize());
      currentRemaining -= into.byteSize();
    }
  }

  /** Reads the rest of the body and drops it. */
  public void skipRest() throws LinuxException, ProtocolException {
    if (current != null) {
      currentRemaining = 0;
    } else if (partial == null) {
      stream.skipRest();
    }
  }

  /** Keeps the message that lies in the buffer as it is, while others are read, until {@link #release}. */
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
