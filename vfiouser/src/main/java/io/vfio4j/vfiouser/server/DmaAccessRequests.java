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
import io.vfio4j.vfiouser.wire.MessageChannel;
import io.vfio4j.vfiouser.wire.SliceTable;
import io.vfio4j.vfiouser.wire.Structs.DmaAccess;
import io.vfio4j.vfiouser.wire.UnreadBytes;
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
 * The server's commands to its client, DMA_READ and DMA_WRITE, for one access of the device at a time. Used
 * on the device's thread. While a reply is pending, commands of the client arrive: {@link ReentrantCommands}
 * executes those that it accepts, and the others, and all that follow one of them, are deferred, up to a
 * limit. An executed command may make the device access memory again, so accesses nest.
 *
 * <p>
 * An access is pending until its reply arrives (completed), or until a DEVICE_RESET is deferred (aborted: it
 * fails with ECONNABORTED, and its reply is dropped when it arrives). If the connection fails meanwhile, the
 * access fails, and {@link #checkFailure} later throws the cause outside of the device.
 */
final class DmaAccessRequests implements RemoteMemory, AutoCloseable {

  /**
   * Most data in one message, even if the client accepts more: it fits in the default socket buffer, so that
   * sending does not wait for a client that is itself sending.
   */
  private static final int MAX_PIECE = 64 << 10;

  /** Most aborted accesses whose replies have not arrived. */
  private static final int MAX_ABORTED = 64;

  /** A command of the server whose reply is expected. */
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

  private MessageChannel channel;
  private boolean usesTwin;
  private final ReentrantCommands reentrantCommands;
  private final SliceTable head;
  private final long maxMessageSize;
  private final long timeoutNanos;
  private final DeferredMessages deferred = new DeferredMessages();
  /** The pending accesses, the innermost last. */
  private final ArrayDeque<PendingDmaAccess> pending = new ArrayDeque<>();
  private final Set<Integer> aborted = new HashSet<>();
  private int nextId;
  private int maxPiece = MAX_PIECE;
  private @Nullable IOException failure;

  /**
   * Creates the sender of commands.
   *
   * @param channel the socket that the client connected
   * @param reentrantCommands executes commands that arrive while a reply is pending
   * @param memory allocates the buffer
   * @param maxMessageSize size of the longest body received, bytes
   * @param timeout how long the client may take for a reply
   */
  DmaAccessRequests(MessageChannel channel, ReentrantCommands reentrantCommands, Arena memory,
      long maxMessageSize, Duration timeout) {
    this.channel = channel;
    this.reentrantCommands = reentrantCommands;
    this.maxMessageSize = maxMessageSize;
    this.timeoutNanos = timeout.toNanos();
    head = new SliceTable(memory.allocate(Header.SIZE + DmaAccess.SIZE, 8));
  }

  void limitPieces(int maxDataXferSize) {
    maxPiece = Math.min(MAX_PIECE, maxDataXferSize);
  }

  /** Uses the twin socket from now on, on which the client sends only replies. */
  void useTwin(MessageChannel twin) {
    channel = twin;
    usesTwin = true;
  }

  int nextId() {
    return nextId & 0xffff;
  }

  /** Continues the ids of another server's commands. */
  void continueIds(int next) {
    nextId = next;
  }

  /** Returns whether replies to aborted accesses have not arrived. */
  boolean hasAborted() {
    return !aborted.isEmpty();
  }

  /** Returns the deferred commands, in order; they stay here. */
  List<UnreadBytes> unread() {
    return deferred.unread();
  }

  boolean hasDeferred() {
    return !deferred.isEmpty();
  }

  /** Removes the next deferred command, which the caller then owns; null if there is none. */
  @Nullable
  DeferredMessage pollDeferred() {
    return deferred.poll();
  }

  boolean hasFailed() {
    return failure != null;
  }

  /**
   * Throws the failure of the connection that occurred while the device, which cannot end a connection,
   * waited for a reply.
   */
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
      throw new ErrnoException(Errno.EIO, "the connection has failed");
    }
    PendingDmaAccess access = new PendingDmaAccess(nextId++ & 0xffff, command, iova, count, into);
    try {
      MemorySegment segment = head.segment();
      segment.set(LittleEndian.U64, Header.SIZE + DmaAccess.IOVA, iova);
      segment.set(LittleEndian.U64, Header.SIZE + DmaAccess.COUNT, count);
      Header.write(segment, access.id, command.wireValue(), segment.byteSize() + data.byteSize(),
          Header.TYPE_COMMAND, 0);
      channel.sender().send(segment, data, List.of());
      pending.addLast(access);
      awaitReply(access);
    } catch (LinuxException | ProtocolException e) {
      failure = e;
      throw new ErrnoException(errnoFor(e), "the client did not execute " + command, e);
    } finally {
      pending.remove(access);
    }
    if (access.failure != null) {
      throw access.failure;
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

  private void awaitReply(PendingDmaAccess access) throws LinuxException, ProtocolException {
    long waitingSince = 0;
    while (access.isPending()) {
      // A command executed meanwhile may have found that the connection has failed.
      checkFailure();
      receive(access.command);
      if (channel.reader().isReply()) {
        receiveReply();
        continue;
      }
      receiveCommand();
      // Each command may take some time, but the timeout bounds all of them together.
      long now = System.nanoTime();
      if (waitingSince == 0) {
        waitingSince = now;
      } else if (access.isPending() && now - waitingSince >= timeoutNanos) {
        throw new ProtocolException("only commands arrived while a reply was expected",
            Errno.ETIMEDOUT);
      }
    }
  }

  private void receive(Command command) throws LinuxException, ProtocolException {
    if (!channel.reader().next(false)) {
      throw new ProtocolException("the client disconnected with a pending " + command, Errno.ECONNRESET);
    }
    if (channel.reader().messageSize() < Header.SIZE || channel.reader().remaining() > maxMessageSize) {
      throw new ProtocolException("a message of " + channel.reader().messageSize() + " bytes");
    }
  }

  private void receiveCommand() throws LinuxException, ProtocolException {
    if (usesTwin || !channel.reader().isCommand()) {
      throw new ProtocolException("a message of type " + (channel.reader().flags() & Header.TYPE_MASK));
    }
    if (!deferred.hasRoom(channel.reader().remaining())) {
      throw new ProtocolException("too many commands while a reply is pending");
    }
    DeferredMessage message = DeferredMessage.receive(channel.reader());
    // In order of arrival: all commands after a deferred one are deferred.
    if (deferred.isEmpty() && reentrantCommands.accepts(message)) {
      try (message) {
        reentrantCommands.execute(message);
      }
      return;
    }
    deferred.add(message);
    if (deferred.exceedsFdLimit()) {
      throw new ProtocolException("too many descriptors while a reply is pending");
    }
    if (message.command() == Command.DEVICE_RESET.wireValue()) {
      abortPending();
    }
  }

  /**
   * Aborts the device's accesses, because the client may not reply to them before the reset has completed.
   */
  private void abortPending() throws ProtocolException {
    for (PendingDmaAccess access : pending) {
      if (access.isPending()) {
        access.failure =
            new ErrnoException(Errno.ECONNABORTED, access.command + " was aborted by a reset");
        aborted.add(access.id);
      }
    }
    if (aborted.size() > MAX_ABORTED) {
      throw new ProtocolException("too many resets while a reply is pending");
    }
  }

  /** Returns whether the current reply is that of an aborted access. */
  boolean isAbortedReply() {
    return !aborted.isEmpty() && aborted.remove(channel.reader().id());
  }

  private void receiveReply() throws LinuxException, ProtocolException {
    for (PendingDmaAccess access : pending) {
      if (access.id == channel.reader().id() && access.isPending()
          && access.command.wireValue() == channel.reader().command()) {
        receiveReply(access);
        return;
      }
    }
    if (!isAbortedReply()) {
      throw new ProtocolException("a reply that matches no pending command");
    }
  }

  private void receiveReply(PendingDmaAccess access) throws LinuxException, ProtocolException {
    if ((channel.reader().flags() & Header.ERROR) != 0) {
      int errno = channel.reader().errno();
      // A peer may set the flag without an errno.
      access.failure = new ErrnoException(errno > 0 ? new Errno(errno) : Errno.EIO,
          access.command + " at 0x" + Long.toHexString(access.iova));
      return;
    }
    long expected = DmaAccess.SIZE + access.into.byteSize();
    if (channel.reader().remaining() != expected) {
      throw new ProtocolException(
          access.command + ": reply of " + channel.reader().remaining() + " bytes, not " + expected);
    }
    int at = channel.reader().readInPlace(DmaAccess.SIZE);
    MemorySegment echo = channel.reader().buffer().segment();
    if (echo.get(LittleEndian.U64, at + DmaAccess.IOVA) != access.iova
        || echo.get(LittleEndian.U64, at + DmaAccess.COUNT) != access.count) {
      throw new ProtocolException(access.command + ": reply for another range");
    }
    channel.reader().read(access.into);
    access.completed = true;
  }

  @Override
  public void close() {
    deferred.close();
  }
}
