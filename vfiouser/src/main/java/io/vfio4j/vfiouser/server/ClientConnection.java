// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.command.CommandHandlers;
import io.vfio4j.vfiouser.command.CommandTable;
import io.vfio4j.vfiouser.command.DirtyBitmapBuffer;
import io.vfio4j.vfiouser.command.MigrationData;
import io.vfio4j.vfiouser.command.MoveGuard;
import io.vfio4j.vfiouser.log.ClientLog;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Extension;
import io.vfio4j.vfiouser.wire.Extensions;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.MessageSender;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.SliceTable;
import io.vfio4j.vfiouser.wire.VersionMessage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A connection of a client, of either socket: VERSION, and the execution of commands. Used on the device's
 * thread.
 */
abstract class ClientConnection implements AutoCloseable {

  final DeviceContext context;
  final MessageTransport transport;
  final Arena memory = Arena.ofConfined();
  final MessageReader reader;
  final MessageSender sender;
  final Request request;
  final Reply reply;
  final SliceTable data;
  final ClientLog log;
  final CommandTable commands;
  private Extensions extensions = Extensions.NONE;
  private int maxBodySize;
  private @Nullable Negotiated negotiated;
  private @Nullable MigrationData migrationData;
  private @Nullable DirtyBitmapBuffer bitmaps;

  /**
   * @param stallTimeout how long the client may take to send or receive one message
   */
  ClientConnection(DeviceContext context, ClientLog log, MessageTransport transport, Duration stallTimeout) {
    this.log = log;
    this.commands = new CommandTable(log);
    this.context = context;
    this.transport = transport;
    Limits limits = context.options().limits();
    maxBodySize = limits.maxBodySize();
    reader = new MessageReader(transport, stallTimeout, memory);
    reader.enableDeferral(maxBodySize, Arena::ofConfined);
    sender = new MessageSender(transport, reader, stallTimeout);
    request = new Request(new SliceTable(memory.allocate(maxBodySize, 8)));
    data = new SliceTable(memory.allocate(limits.maxDataXferSize(), 4096));
    reply = new Reply(new SliceTable(memory.allocate(Reply.HEAD_SIZE, 8)), data);
  }

  /** Returns whether VERSION has succeeded; before that, the client has no effect on the device. */
  final boolean isNegotiated() {
    return migrationData != null;
  }

  final Extensions extensions() {
    return extensions;
  }

  /**
   * Returns the extensions granted: those requested, except those that the options or another extension
   * exclude.
   *
   * @throws ErrnoException if the client cannot be served without one that it has not requested
   */
  abstract Extensions grant(Extensions wanted) throws ErrnoException;

  /** Returns the handlers of all commands for the negotiated limits. */
  abstract List<CommandHandlers> createHandlers(Negotiated negotiated);

  /** Returns what permits and observes moves of the device by this client. */
  abstract MoveGuard moveGuard();

  /** Returns whether the client gets a twin socket. */
  boolean offersTwin(VersionMessage version, Limits inForce) throws ErrnoException {
    return false;
  }

  /** Opens the twin socket, and returns the client's end. */
  Fd openTwin() throws LinuxException {
    throw new IllegalStateException("no twin socket is offered");
  }

  /** Called when the reply to VERSION was sent. */
  void onVersionSent() {
    log.connected();
  }

  /** Returns what was negotiated; VERSION has succeeded. */
  final Negotiated negotiated() {
    return Objects.requireNonNull(negotiated, "VERSION has not succeeded");
  }

  /**
   * What the handlers of a connection share.
   *
   * @param limits the limits in force
   * @param extensions the extensions granted
   * @param writeMultiple whether REGION_WRITE_MULTI was negotiated
   * @param migrationData the transitions and data sessions of this client
   * @param bitmaps memory for its dirty bitmaps
   */
  record Negotiated(Limits limits, Extensions extensions, boolean writeMultiple, MigrationData migrationData,
      DirtyBitmapBuffer bitmaps) {
  }

  /** Handles the first message, whose header has been read. */
  final void negotiate() throws LinuxException, ProtocolException {
    long size = reader.remaining();
    if (reader.command() != Command.VERSION.wireValue()) {
      reject("the first message is not a VERSION");
    }
    checkSize();
    if (size > VersionMessage.MAX_SIZE) {
      reject("a VERSION of " + reader.messageSize() + " bytes");
    }
    request.receive(reader);
    try {
      VersionMessage version = VersionMessage.decode(request.body(), request.bodyOffset(), request.size());
      if (version.major() != VersionMessage.MAJOR || request.fds().count() > 0) {
        throw new ErrnoException(Errno.EINVAL, "version " + version.major() + " of the protocol");
      }
      applyVersion(version);
    } catch (ErrnoException e) {
      reply.sendError(sender, request, e.errno().number());
      throw new ProtocolException(String.valueOf(e.getMessage()), Errno.EPROTO, e);
    } finally {
      request.close();
    }
  }

  private void applyVersion(VersionMessage version) throws ErrnoException, LinuxException, ProtocolException {
    Limits inForce = context.options().limits().negotiate(version.limits());
    boolean hasTwin = offersTwin(version, inForce);
    install(inForce, grant(version.extensions()), version.writeMultiple());
    reply.clear();
    // A client that requests a twin socket expects a reply that is longer by the index of its descriptor.
    int maxSize = request.size() + (hasTwin ? VersionMessage.FD_INDEX_SIZE : 0);
    int size = version.reply(inForce, extensions, hasTwin).encode(reply.headSegment(), Header.SIZE, maxSize);
    reply.size(size);
    if (hasTwin && size > VersionMessage.SIZE_WITHOUT_CAPABILITIES) {
      reply.fd(openTwin());
    }
    reply.send(sender, request);
    onVersionSent();
  }

  /** Installs the handlers for what was negotiated. */
  final void install(Limits inForce, Extensions granted, boolean writeMultiple) {
    extensions = granted;
    commands.applyNegotiated(inForce.maxMsgFds(), granted.has(Extension.REASONS));
    maxBodySize = inForce.maxBodySize();
    DirtyBitmapBuffer bitmapBuffer = new DirtyBitmapBuffer(inForce);
    bitmaps = bitmapBuffer;
    MigrationData sessions =
        new MigrationData(context.device(), moveGuard(), data, inForce.maxDataXferSize(),
            !granted.isVfio4j());
    migrationData = sessions;
    Negotiated all = new Negotiated(inForce, granted, writeMultiple, sessions, bitmapBuffer);
    negotiated = all;
    for (CommandHandlers handlers : createHandlers(all)) {
      handlers.register(commands);
    }
  }

  /** Checks the header before the body is read. */
  final void checkSize() throws LinuxException, ProtocolException {
    if (reader.messageSize() < Header.SIZE) {
      reject("a message of " + reader.messageSize() + " bytes");
    }
    if (reader.isReply()) {
      throw new ProtocolException("a reply without a command");
    }
    if (!reader.isCommand()) {
      reject("a message of type " + (reader.flags() & Header.TYPE_MASK));
    }
    if (reader.remaining() > maxBodySize) {
      reject("a message of " + reader.messageSize() + " bytes, more than negotiated");
    }
  }

  /** Replies EINVAL and ends the connection: the start of the next message in the stream is not known. */
  private void reject(String violation) throws LinuxException, ProtocolException {
    boolean isAnswered =
        (reader.flags() & Header.NO_REPLY) == 0 || reader.command() == Command.VERSION.wireValue();
    if (isAnswered && !reader.isReply()) {
      Header.write(reply.headSegment(), reader.id(), reader.command(), Header.SIZE,
          Header.TYPE_REPLY | Header.ERROR, Errno.EINVAL.number());
      sender.send(reply.headSegment().asSlice(0, Header.SIZE), MemorySegment.NULL, List.of());
    }
    throw new ProtocolException(violation);
  }

  /** Executes the command in {@link #request}, and replies to it. */
  final void execute() throws LinuxException, ProtocolException {
    reader.hold();
    try {
      commands.execute(request, reply, sender);
    } finally {
      reader.release();
    }
  }

  /** Closes the data session if the device has left the states that it is for. */
  final void closeEndedSessions() {
    if (migrationData != null) {
      migrationData.closeEndedSessions();
    }
  }

  /** Closes the data sessions, the buffers and the socket. */
  @Override
  public void close() {
    if (migrationData != null) {
      migrationData.close();
    }
    if (bitmaps != null) {
      bitmaps.close();
    }
    request.close();
    reader.close();
    transport.close();
    memory.close();
  }
}
