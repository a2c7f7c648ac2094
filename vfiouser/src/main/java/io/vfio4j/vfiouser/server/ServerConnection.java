// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.DeferredMessage;
import io.vfio4j.vfiouser.wire.Extension;
import io.vfio4j.vfiouser.wire.Extensions;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.MessageChannel;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.MessageSender;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.SliceTable;
import io.vfio4j.vfiouser.wire.VersionMessage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The connection of one client. Used on the device's thread, except {@link #shutdown}.
 *
 * <table> <caption>States</caption>
 * <tr><th>state</th><th>left by</th><th>for</th></tr>
 * <tr><td>accepted</td><td>a valid VERSION, answered</td><td>serving</td></tr>
 * <tr><td></td><td>any other first message, answered with EINVAL if possible</td><td>failed</td></tr>
 * <tr><td></td><td>the end of the stream</td><td>closed; the device was not touched</td></tr>
 * <tr><td>serving</td><td>the end of the stream between messages, or
 * {@link #shutdown}</td><td>closed</td></tr>
 * <tr><td></td><td>a protocol violation, a timeout, an error of the socket</td><td>failed</td></tr>
 * <tr><td>failed</td><td>the exception of {@link #serve}</td><td>closed</td></tr>
 * <tr><td>closed</td><td></td><td></td></tr>
 * </table>
 *
 * <p>
 * In <i>serving</i>, one step executes a deferred command, or lets the device do its due work and then
 * executes the next message. {@link #isNegotiated} tells <i>accepted</i> from the later states. While the
 * device waits for memory by message ({@link DmaAccessRequests}), commands are executed within that wait or
 * deferred.
 */
final class ServerConnection implements AutoCloseable {

  private final DeviceContext context;
  private final MessageTransport transport;
  private final Arena memory = Arena.ofConfined();
  private final MessageReader reader;
  private final MessageSender sender;
  private final Request request;
  private final Reply reply;
  private final SliceTable data;
  private final DmaAccessRequests dmaRequests;
  private final EventFdSet eventFdSet = new EventFdSet();
  private final ClientLog log;
  private final CommandTable commands;
  private Extensions extensions = Extensions.NONE;
  private int maxBodySize;
  private volatile @Nullable TwinSocket twin;
  private @Nullable MigrationData migrationData;
  private @Nullable DirtyBitmapBuffer bitmaps;

  ServerConnection(DeviceContext context, ClientLog log, MessageTransport transport) {
    this.log = log;
    this.commands = new CommandTable(log);
    this.context = context;
    ServerOptions options = context.options();
    this.transport = transport;
    int maxSize = options.limits().maxBodySize();
    maxBodySize = maxSize;
    reader = new MessageReader(transport, options.stallTimeout(), memory);
    reader.enableDeferral(maxSize, Arena::ofConfined);
    sender = new MessageSender(transport, reader, options.stallTimeout());
    int maxDataSize = options.limits().maxDataXferSize();
    request = new Request(new SliceTable(memory.allocate(maxSize, 8)));
    data = new SliceTable(memory.allocate(maxDataSize, 4096));
    reply = new Reply(new SliceTable(memory.allocate(Reply.HEAD_SIZE, 8)), data);
    ReentrantCommands reentrantCommands =
        new ReentrantCommands(commands, sender, memory, maxSize, maxDataSize);
    dmaRequests = new DmaAccessRequests(new MessageChannel(reader, sender), reentrantCommands, memory,
        maxSize, options.stallTimeout());
  }

  /** Returns whether VERSION has succeeded; before that, the client has no effect on the device. */
  boolean isNegotiated() {
    return migrationData != null;
  }

  /**
   * Returns whether the device keeps its state if it is stopped, and runs if it is running, when the client
   * disconnects.
   */
  boolean keepsStopped() {
    return extensions.has(Extension.KEEP_STOPPED);
  }

  /** Returns whether a device in RUNNING is left as it is when the client disconnects. */
  boolean keepsState() {
    return !isNegotiated() || context.options().keepState() == KeepState.ALWAYS
        || extensions.has(Extension.KEEP_STATE);
  }

  /**
   * Serves the client until it disconnects.
   *
   * @throws ProtocolException if the client violated the protocol or timed out
   * @throws LinuxException if the connection failed
   */
  void serve() throws LinuxException, ProtocolException {
    if (!reader.next(false)) {
      return;
    }
    negotiate();
    while (true) {
      DeferredMessage queued = dmaRequests.pollDeferred();
      if (queued != null) {
        try (queued) {
          if (!eventFdSet.isEmpty()) {
            awaitMessage(0);
          }
          request.load(queued);
          execute();
        }
      } else {
        runDevice();
        dmaRequests.checkFailure();
        if (dmaRequests.hasDeferred()) {
          continue;
        }
        if (!reader.next(true)) {
          return;
        }
        if (reader.isReply() && dmaRequests.isAbortedReply()) {
          continue;
        }
        checkSize();
        request.receive(reader);
        execute();
      }
      dmaRequests.checkFailure();
    }
  }

  /** Runs the device's due work and handles eventfd signals, until there is a message. */
  private void runDevice() throws LinuxException {
    while (!dmaRequests.hasFailed() && !dmaRequests.hasDeferred()) {
      long now = context.clock().getAsLong();
      long next = context.device().runDue(now);
      boolean isPlanned = next != Long.MAX_VALUE;
      if (!eventFdSet.isEmpty()) {
        if (awaitMessage(reader.hasBuffered() ? 0 : isPlanned ? Math.max(0, next - now) : -1)) {
          return;
        }
      } else if (!isPlanned || reader.hasBuffered() || transport.awaitReadable(Math.max(0, next - now))) {
        return;
      }
    }
  }

  /**
   * Waits for a message or a signal. The device sees a signal sent before a message before that message.
   *
   * @return whether there is a message
   */
  private boolean awaitMessage(long timeoutNanos) throws LinuxException {
    int ready = transport.awaitReadable(eventFdSet.pollFd(), timeoutNanos);
    if ((ready & MessageTransport.EVENT) != 0) {
      eventFdSet.dispatch();
      context.device().runDue(context.clock().getAsLong());
    }
    return reader.hasBuffered() || (ready & MessageTransport.READABLE) != 0;
  }

  private void negotiate() throws LinuxException, ProtocolException {
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
      throw protocolException(e);
    } finally {
      request.close();
    }
  }

  private void applyVersion(VersionMessage version) throws ErrnoException, LinuxException, ProtocolException {
    Limits inForce = context.options().limits().negotiate(version.limits());
    boolean hasTwin = version.hasTwinSocket() && inForce.maxMsgFds() > 0;
    extensions = grant(version.extensions());
    installHandlers(inForce, version.writeMultiple());
    reply.clear();
    // A client that requests a twin socket expects a reply that is longer by the index of its descriptor.
    int maxSize = request.size() + (hasTwin ? VersionMessage.FD_INDEX_SIZE : 0);
    int size = version.reply(inForce, extensions, hasTwin).encode(reply.headSegment(), Header.SIZE, maxSize);
    reply.size(size);
    if (hasTwin && size > VersionMessage.SIZE_WITHOUT_CAPABILITIES) {
      openTwin();
    }
    reply.send(sender, request);
    if (twin != null) {
      twin.closeClientEnd();
    }
    log.connected();
  }

  /**
   * Returns the extensions granted: those requested, except those that the options or another extension
   * exclude.
   */
  private Extensions grant(Extensions wanted) {
    EnumSet<Extension> refused = EnumSet.of(Extension.CONTROL);
    if (context.options().keepState() == KeepState.NEVER) {
      refused.add(Extension.KEEP_STATE);
    }
    if (refused.contains(Extension.KEEP_STATE) || !wanted.has(Extension.KEEP_STATE)) {
      refused.add(Extension.KEEP_STOPPED);
    }
    return wanted.without(refused);
  }

  private void openTwin() throws LinuxException {
    TwinSocket opened = new TwinSocket(transport, context.options(), memory);
    twin = opened;
    dmaRequests.useTwin(opened.channel());
    reply.fd(opened.clientFd());
  }

  private static ProtocolException protocolException(ErrnoException cause) {
    return new ProtocolException(String.valueOf(cause.getMessage()), Errno.EPROTO, cause);
  }

  private void installHandlers(Limits inForce, boolean writeMultiple) {
    commands.applyNegotiated(inForce.maxMsgFds(), extensions.has(Extension.REASONS));
    maxBodySize = inForce.maxBodySize();
    dmaRequests.limitPieces(inForce.maxDataXferSize());
    context.dma().attachClient(dmaRequests, extensions.has(Extension.MEMORY_KINDS));
    for (CommandHandlers handlers : createHandlers(inForce, writeMultiple)) {
      handlers.register(commands);
    }
  }

  /** Returns the handlers of all commands for the negotiated limits. */
  private List<CommandHandlers> createHandlers(Limits inForce, boolean writeMultiple) {
    EmulatedDevice device = context.device();
    int maxMsgFds = inForce.maxMsgFds();
    int maxData = inForce.maxDataXferSize();
    bitmaps = new DirtyBitmapBuffer(inForce);
    migrationData = new MigrationData(device, data, maxData, !extensions.isVfio4j());
    return List.of(
        new InfoCommands(device, context.irqs(), maxMsgFds),
        new RegionCommands(device, maxData, writeMultiple),
        new DoorbellCommands(device, eventFdSet, maxMsgFds, memory),
        new IrqCommands(context.irqs(), eventFdSet),
        new DmaCommands(context.dma(), bitmaps, inForce, extensions.has(Extension.MEMORY_KINDS)),
        new DeviceCommands(context, migrationData),
        new FeatureCommands(device, migrationData, context.dma().log(), bitmaps),
        migrationData);
  }

  /** Checks the header before the body is read. */
  private void checkSize() throws LinuxException, ProtocolException {
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

  private void execute() throws LinuxException, ProtocolException {
    reader.hold();
    try {
      commands.execute(request, reply, sender);
    } finally {
      reader.release();
    }
  }

  /** Ends {@link #serve}. From any thread. */
  void shutdown() {
    transport.shutdown();
    TwinSocket opened = twin;
    if (opened != null) {
      opened.shutdown();
    }
  }

  @Override
  public void close() {
    context.dma().clear();
    context.irqs().clear();
    eventFdSet.close();
    if (migrationData != null) {
      migrationData.close();
    }
    if (bitmaps != null) {
      bitmaps.close();
    }
    request.close();
    dmaRequests.close();
    if (twin != null) {
      twin.close();
    }
    reader.close();
    transport.close();
    memory.close();
  }
}
