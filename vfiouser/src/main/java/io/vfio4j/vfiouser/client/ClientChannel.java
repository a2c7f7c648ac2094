// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.ErrorReason;
import io.vfio4j.vfiouser.wire.Extension;
import io.vfio4j.vfiouser.wire.Extensions;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.MessageSender;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.SliceTable;
import io.vfio4j.vfiouser.wire.Threads;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The client's end of a connection: sends a command, takes the reply, and meanwhile serves what the server asks of
 * the client's memory. A connection that failed once fails for ever, since what follows in its stream means nothing.
 */
final class ClientChannel implements AutoCloseable {

  private static final int HEAD_SIZE = 16 << 10;
  /** Fields before the data of a reply, and then some. */
  private static final int REPLY_FIELDS = 4096;

  /** Reads the body of a reply. */
  @FunctionalInterface
  interface ReplyReader<T> {

    /**
     * Reads the body.
     *
     * @param reader stands at the body; what is left unread of it is dropped
     */
    T read(MessageReader reader) throws LinuxException, ProtocolException;
  }

  /** One exchange at a time; its buffers are this lock's. */
  private final ReentrantLock lock = new ReentrantLock();
  private final MessageTransport transport;
  private final ClientMemory memory;
  private final Arena arena = Arena.ofShared();
  private final ExchangeWatchdog watchdog;
  private final long migrationNanos;
  private final MessageReader reader;
  private final MessageSender sender;
  private final SliceTable head;
  private int maxDataXferSize;
  private boolean errorReasons;
  /** Of all replies only a dirty bitmap may be longer than the data of a message. */
  private final long maxReplySize;
  private int nextId;
  private @Nullable IOException failure;
  private boolean closed;
  private @Nullable DmaAccessHandler dmaAccessHandler;
  private @Nullable Thread dmaAccessThread;
  private @Nullable TwinDmaAccessServer twin;
  private boolean twinStarted;

  /**
   * Makes a channel.
   *
   * @param transport waits for ever; it is the channel's from now on
   * @param timeout how long an exchange may take
   * @param migrationTimeout how long one may take that moves the device or carries its state
   */
  ClientChannel(MessageTransport transport, ClientMemory memory, Limits limits, Duration timeout,
      Duration migrationTimeout) {
    this.transport = transport;
    this.memory = memory;
    maxDataXferSize = limits.maxDataXferSize();
    maxReplySize = Math.max(maxDataXferSize, limits.maxBitmapSize()) + REPLY_FIELDS;
    reader = new MessageReader(transport, MessageSender.UNBOUNDED, arena);
    // Threads take turns at the channel, so that what one has put aside another may read.
    reader.enableDeferral(maxDataXferSize + (long) REPLY_FIELDS, Arena::ofShared);
    sender = new MessageSender(transport, reader, MessageSender.UNBOUNDED);
    head = new SliceTable(arena.allocate(HEAD_SIZE, 8));
    watchdog = ExchangeWatchdog.start(timeout, transport::shutdown);
    migrationNanos = migrationTimeout.toNanos();
  }

  /**
   * Has the server's commands come over a second socket.
   *
   * @param fd the client's end, which is closed with the channel, or if this fails
   * @throws LinuxException if it is no such socket
   */
  void twin(Fd fd, ClientOptions options) throws LinuxException {
    twin = new TwinDmaAccessServer(fd, memory, maxDataXferSize, options, this::fail);
  }

  boolean hasTwin() {
    return twin != null;
  }

  /** Says what is in force, before the first command that has data. */
  void applyNegotiated(Limits inForce, Extensions granted) {
    maxDataXferSize = inForce.maxDataXferSize();
    errorReasons = granted.has(Extension.REASONS);
  }

  /**
   * Locks the channel; the caller then fills {@link #head} and calls {@link #exchange}.
   *
   * @throws IOException if the connection has failed or been closed; the channel is not locked then
   */
  void lock() throws IOException {
    lock.lock();
    if (failure != null) {
      lock.unlock();
      throw failure;
    }
  }

  /** Locks the channel for more than one call, whatever its state: {@link #unlock} must follow. */
  void lockUnchecked() {
    lock.lock();
  }

  void unlock() {
    lock.unlock();
  }

  /** Returns where the fields of a command go, from {@link Header#SIZE} on. */
  MemorySegment head() {
    return head.segment();
  }

  /**
   * Sends a command whose fields are in {@link #head}, and takes the reply.
   *
   * @param fields bytes of the fields
   * @param data what follows them
   * @param ofMigration whether it moves or resets the device, or carries its state
   * @throws RemoteErrorException if the server answered with an error
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
        serveBuffered();
        // A peer may set the flag and forget the number.
        throw new RemoteErrorException(command, errno > 0 ? new Errno(errno) : Errno.EIO, reason);
      }
      T result = replyReader.read(reader);
      serveBuffered();
      return result;
    } catch (LinuxException | ProtocolException e) {
      IOException reason = watchdog.hasExpired() ? timeoutFailure(command, e) : e;
      fail(reason);
      throw reason;
    } catch (RuntimeException e) {
      throw failAbandoned(e);
    } finally {
      watchdog.end();
    }
  }

  /**
   * Sends a command whose fields are in {@link #head}, and that is not answered.
   *
   * @param fields bytes of the fields
   * @param data what follows them
   * @throws IOException if the connection failed, now or before
   */
  void post(Command command, int fields, MemorySegment data) throws IOException {
    watchdog.begin();
    try {
      if (dmaAccessThread != null) {
        servePending();
      }
      send(command, Header.TYPE_COMMAND | Header.NO_REPLY, fields, data, List.of());
      serveBuffered();
    } catch (LinuxException | ProtocolException e) {
      IOException reason = watchdog.hasExpired() ? timeoutFailure(command, e) : e;
      fail(reason);
      throw reason;
    } catch (RuntimeException e) {
      throw failAbandoned(e);
    } finally {
      watchdog.end();
    }
  }

  /**
   * Serves what the server has asked for. Who posts without end keeps the thread away that would do it, and the server
   * cannot put aside whatever comes while it waits.
   */
  private void servePending() throws LinuxException, ProtocolException {
    if (reader.hasBuffered() || (transport.awaitWritable(true, 0) & MessageTransport.READABLE) != 0) {
      if (!serveNext()) {
        throw new ProtocolException("the server closed the connection", Errno.ECONNRESET);
      }
      serveBuffered();
    }
  }

  private int send(Command command, int flags, int fields, MemorySegment data, List<Fd> fds)
      throws LinuxException, ProtocolException {
    int id = nextId++ & 0xffff;
    Header.write(head.segment(), id, command.wireValue(), Header.SIZE + fields + data.byteSize(), flags, 0);
    sender.send(head.slice(0, Header.SIZE + fields), data, fds);
    return id;
  }

  private static ProtocolException timeoutFailure(Command command, IOException seenInstead) {
    ProtocolException late =
        new ProtocolException(command + " was not answered in time", Errno.ETIMEDOUT);
    late.initCause(seenInstead);
    return late;
  }

  /** The caller's memory, most likely. The message is left in its middle. */
  private RuntimeException failAbandoned(RuntimeException cause) {
    ProtocolException abandoned = new ProtocolException("an exchange was abandoned");
    abandoned.initCause(cause);
    fail(abandoned);
    return cause;
  }

  /** Serves commands that came with the reply: the socket would not tell of them any more. */
  private void serveBuffered() throws LinuxException, ProtocolException {
    reader.skipRest();
    while (reader.hasBuffered()) {
      serveNext();
    }
  }

  private void awaitReply(Command command, int id) throws LinuxException, ProtocolException {
    while (true) {
      if (!reader.next(false)) {
        throw new ProtocolException("the server closed the connection instead of answering " + command,
            Errno.ECONNRESET);
      }
      if (!reader.isReply()) {
        handleCommand();
        continue;
      }
      if (reader.messageSize() < Header.SIZE || reader.remaining() > maxReplySize) {
        throw new ProtocolException("a reply of " + reader.messageSize() + " bytes");
      }
      if (reader.id() != id || reader.command() != command.wireValue()) {
        throw new ProtocolException("a reply to something else than was asked");
      }
      return;
    }
  }

  /** Carries out the server's command that the reader stands at. */
  private void handleCommand() throws LinuxException, ProtocolException {
    dmaAccessHandler().handleCommand();
  }

  /** Made when it is needed: few servers ask. */
  private DmaAccessHandler dmaAccessHandler() {
    if (dmaAccessHandler == null) {
      dmaAccessHandler = new DmaAccessHandler(memory, reader, sender, maxDataXferSize, arena);
    }
    return dmaAccessHandler;
  }

  /** Serves the server's commands also while no command of ours is under way, from now on. */
  void serveMemory() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      if (twin != null) {
        if (!twinStarted) {
          twinStarted = true;
          twin.start();
        }
      } else if (dmaAccessThread == null) {
        dmaAccessThread = Thread.ofPlatform().name("vfio-user-memory").daemon().start(this::serveWhileIdle);
      }
    } finally {
      lock.unlock();
    }
  }

  private void serveWhileIdle() {
    try {
      while (transport.awaitReadable(-1)) {
        lock.lock();
        watchdog.begin();
        try {
          if (closed || failure != null || !serveIfReadable()) {
            return;
          }
        } finally {
          watchdog.end();
          lock.unlock();
        }
      }
    } catch (LinuxException | ProtocolException e) {
      fail(e);
    }
  }

  /** Serves one command if one has come since. Returns false at the end of the connection. */
  private boolean serveIfReadable() throws LinuxException, ProtocolException {
    if (!reader.hasBuffered() && !transport.awaitReadable(0)) {
      return true;
    }
    if (!serveNext()) {
      return false;
    }
    serveBuffered();
    return true;
  }

  /** Serves the next command. Returns false at the end of the connection. */
  private boolean serveNext() throws LinuxException, ProtocolException {
    if (!reader.next(false)) {
      return false;
    }
    handleCommand();
    return true;
  }

  private void fail(IOException e) {
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

  /** Returns the descriptors of the reply that is read. */
  ReceivedFds fds() {
    return reader.fds();
  }

  @Override
  public void close() {
    transport.shutdown();
    Thread server;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      server = dmaAccessThread;
      if (failure == null) {
        failure = new ProtocolException("the connection has been closed");
      }
    } finally {
      lock.unlock();
    }
    if (server != null) {
      Threads.joinUninterruptibly(server);
    }
    if (twin != null) {
      twin.close();
    }
    watchdog.close();
    if (dmaAccessHandler != null) {
      dmaAccessHandler.close();
    }
    reader.close();
    transport.close();
    arena.close();
  }
}
