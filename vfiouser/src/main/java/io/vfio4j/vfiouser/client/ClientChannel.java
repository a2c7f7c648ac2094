// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.client.memory.ClientMemory;
import io.vfio4j.vfiouser.exchange.ExchangeWatchdog;
import io.vfio4j.vfiouser.exchange.RemoteErrorException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.ErrorReason;
import io.vfio4j.vfiouser.wire.Extension;
import io.vfio4j.vfiouser.wire.Extensions;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.MessageSender;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.SliceTable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The client's end of a connection: sends a command and receives the reply. Commands of the server that
 * arrive in between go to the {@link DmaAccessService}.
 *
 * <p>
 * States: open → failed → closed, or open → closed. The first error moves the channel to failed, because
 * after it the position in the stream is unknown: the socket is shut down, and every later call throws the
 * same error.
 */
final class ClientChannel implements AutoCloseable {

  private static final int HEAD_SIZE = 16 << 10;
  /** Upper bound of the fields before the data of a reply. */
  private static final int REPLY_FIELDS = 4096;

  /** Reads the body of a reply. */
  @FunctionalInterface
  interface ReplyReader<T> {

    /**
     * Reads the body.
     *
     * @param reader at the beginning of the body; the rest of it is skipped afterwards
     */
    T read(MessageReader reader) throws LinuxException, ProtocolException;
  }

  /** Held for one exchange, or one command of the server; guards all fields below that are not final. */
  private final ReentrantLock lock = new ReentrantLock();
  private final MessageTransport transport;
  private final Arena arena = Arena.ofShared();
  private final ExchangeWatchdog watchdog;
  private final long migrationNanos;
  private final MessageReader reader;
  private final MessageSender sender;
  private final SliceTable head;
  private final DmaAccessService dmaAccess;
  /** A dirty bitmap is the only reply that may be longer than the data of a message. */
  private final long maxReplySize;
  private boolean errorReasons;
  private int nextId;
  private @Nullable IOException failure;
  private boolean closed;

  /**
   * Makes a channel.
   *
   * @param transport has no timeout; owned by the channel
   * @param memory memory that the server accesses by message
   */
  ClientChannel(MessageTransport transport, ClientMemory memory, ClientOptions options) {
    this.transport = transport;
    Limits limits = options.limits();
    maxReplySize = Math.max(limits.maxDataXferSize(), limits.maxBitmapSize()) + REPLY_FIELDS;
    reader = new MessageReader(transport, MessageSender.UNBOUNDED, arena);
    // Shared arenas: one thread may read a message that another deferred.
    reader.enableDeferral(limits.maxDataXferSize() + (long) REPLY_FIELDS, Arena::ofShared);
    sender = new MessageSender(transport, reader, MessageSender.UNBOUNDED);
    head = new SliceTable(arena.allocate(HEAD_SIZE, 8));
    watchdog = ExchangeWatchdog.start(options.timeout(), transport::shutdown);
    migrationNanos = options.migrationTimeout().toNanos();
    dmaAccess = new DmaAccessService(this, memory, options);
  }

  /**
   * Makes the server's commands arrive on a second socket.
   *
   * @param fd the client's end, which is closed with the channel, or if this fails
   * @throws LinuxException ENOTSOCK, EPROTOTYPE if it is not a UNIX stream socket
   */
  void useTwin(Fd fd) throws LinuxException {
    dmaAccess.useTwin(fd);
  }

  boolean hasTwin() {
    return dmaAccess.hasTwin();
  }

  /** Applies the result of VERSION, before the first command that has data. */
  void applyNegotiated(Limits inForce, Extensions granted) {
    dmaAccess.setMaxDataXferSize(inForce.maxDataXferSize());
    errorReasons = granted.has(Extension.REASONS);
  }

  MessageTransport transport() {
    return transport;
  }

  MessageReader reader() {
    return reader;
  }

  MessageSender sender() {
    return sender;
  }

  ExchangeWatchdog watchdog() {
    return watchdog;
  }

  /** Returns an arena that lasts as long as the channel. */
  Arena arena() {
    return arena;
  }

  /**
   * Locks the channel. The caller then fills {@link #head} and calls {@link #exchange} or {@link #post}.
   *
   * @throws IOException if the channel has failed or is closed; it is not locked then
   */
  void lock() throws IOException {
    lock.lock();
    if (failure != null) {
      lock.unlock();
      throw failure;
    }
  }

  /** Locks the channel for several calls, in any state. */
  void lockUnchecked() {
    lock.lock();
  }

  void unlock() {
    lock.unlock();
  }

  /** Returns whether the channel has neither failed nor been closed. The caller holds the lock. */
  boolean isOpen() {
    return !closed && failure == null;
  }

  /** Returns the buffer for a command, whose fields begin at {@link Header#SIZE}. */
  MemorySegment head() {
    return head.segment();
  }

  /**
   * Sends a command whose fields are in {@link #head}, and receives the reply. The caller holds the lock.
   *
   * @param fields bytes of the fields
   * @param data sent after the fields
   * @param ofMigration whether the command moves or resets the device, or carries its state
   * @throws RemoteErrorException if the server replied with an error
   * @throws IOException if the connection failed, now or before
   */
  <T> T exchange(Command command, int fields, MemorySegment data, List<Fd> fds, boolean ofMigration,
      ReplyReader<T> replyReader) throws RemoteErrorException, IOException {
    if (ofMigration) {
      watchdog.begin(migrationNanos);
    } else {
      watchdog.begin();
    }
    try {
      int id = send(command, Header.TYPE_COMMAND, fields, data, fds);
      awaitReply(command, id);
      if ((reader.flags() & Header.ERROR) != 0) {
        int errno = reader.errno();
        String reason = errorReasons ? ErrorReason.read(reader) : null;
        dmaAccess.serveBuffered();
        // A peer may set the flag and leave the errno 0.
        throw new RemoteErrorException(command, errno > 0 ? new Errno(errno) : Errno.EIO, reason);
      }
      T result = replyReader.read(reader);
      dmaAccess.serveBuffered();
      return result;
    } catch (LinuxException | ProtocolException e) {
      throw failExchange(command, e);
    } catch (RuntimeException e) {
      throw failAbandoned(e);
    } finally {
      watchdog.end();
    }
  }

  /**
   * Sends a command whose fields are in {@link #head}, and that has no reply. The caller holds the lock.
   *
   * @param fields bytes of the fields
   * @param data sent after the fields
   * @throws IOException if the connection failed, now or before
   */
  void post(Command command, int fields, MemorySegment data) throws IOException {
    watchdog.begin();
    try {
      dmaAccess.servePending();
      send(command, Header.TYPE_COMMAND | Header.NO_REPLY, fields, data, List.of());
      dmaAccess.serveBuffered();
    } catch (LinuxException | ProtocolException e) {
      throw failExchange(command, e);
    } catch (RuntimeException e) {
      throw failAbandoned(e);
    } finally {
      watchdog.end();
    }
  }

  private int send(Command command, int flags, int fields, MemorySegment data, List<Fd> fds)
      throws LinuxException, ProtocolException {
    int id = nextId++ & 0xffff;
    Header.write(head.segment(), id, command.wireValue(), Header.SIZE + fields + data.byteSize(), flags, 0);
    sender.send(head.slice(0, Header.SIZE + fields), data, fds);
    return id;
  }

  private void awaitReply(Command command, int id) throws LinuxException, ProtocolException {
    while (true) {
      if (!reader.next(false)) {
        throw new ProtocolException("the server closed the connection instead of answering " + command,
            Errno.ECONNRESET);
      }
      if (!reader.isReply()) {
        dmaAccess.handleCommand();
        continue;
      }
      if (reader.messageSize() < Header.SIZE || reader.remaining() > maxReplySize) {
        throw new ProtocolException("invalid size of a reply: " + reader.messageSize() + " bytes");
      }
      if (reader.id() != id || reader.command() != command.wireValue()) {
        throw new ProtocolException("reply does not match the pending command");
      }
      return;
    }
  }

  /**
   * Fails the channel, and returns the exception to throw: a timeout shows as an error of the socket it shut
   * down.
   */
  private IOException failExchange(Command command, IOException error) {
    IOException reason = error;
    if (watchdog.hasExpired()) {
      reason = new ProtocolException(command + " was not answered in time", Errno.ETIMEDOUT, error);
    }
    fail(reason);
    return reason;
  }

  /** Fails the channel in the middle of a message, most likely because the caller's memory was invalid. */
  private RuntimeException failAbandoned(RuntimeException cause) {
    fail(new ProtocolException("an exchange was abandoned", Errno.EPROTO, cause));
    return cause;
  }

  /** Starts to serve the client's memory also between exchanges. */
  void serveMemory() {
    lock.lock();
    try {
      if (!closed) {
        dmaAccess.start();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Moves the channel to failed, unless it is already, and shuts the socket down. */
  void fail(IOException e) {
    lock.lock();
    try {
      if (failure == null) {
        failure = e;
      }
      transport.shutdown();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    transport.shutdown();
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      if (failure == null) {
        failure = new ProtocolException("the connection has been closed");
      }
    } finally {
      lock.unlock();
    }
    dmaAccess.close();
    watchdog.close();
    reader.close();
    transport.close();
    arena.close();
  }
}
