// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.command.CommandHandlers;
import io.vfio4j.vfiouser.command.DeviceCommands;
import io.vfio4j.vfiouser.command.DmaCommands;
import io.vfio4j.vfiouser.command.DoorbellCommands;
import io.vfio4j.vfiouser.command.FeatureCommands;
import io.vfio4j.vfiouser.command.InfoCommands;
import io.vfio4j.vfiouser.command.IrqCommands;
import io.vfio4j.vfiouser.command.MoveGuard;
import io.vfio4j.vfiouser.command.RegionCommands;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.handover.ConnectionHead;
import io.vfio4j.vfiouser.handover.ConnectionImage;
import io.vfio4j.vfiouser.handover.ConnectionRecord;
import io.vfio4j.vfiouser.handover.RecordKind;
import io.vfio4j.vfiouser.irq.EventFdSet;
import io.vfio4j.vfiouser.log.ClientLog;
import io.vfio4j.vfiouser.wire.DeferredMessage;
import io.vfio4j.vfiouser.wire.Extension;
import io.vfio4j.vfiouser.wire.Extensions;
import io.vfio4j.vfiouser.wire.MessageChannel;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.UnreadBytes;
import io.vfio4j.vfiouser.wire.VersionMessage;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
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
 *
 * <p>
 * Between two steps the device's thread serves the control client, if there is a control socket. While that
 * client moves the device, messages of this one wait as far as {@link Hold} says: those that must not be
 * executed yet stay in the socket, except the first of them, {@link #held}.
 */
final class ServerConnection extends ClientConnection {

  private final @Nullable Summons control;
  private final Hold hold;
  private final DmaAccessRequests dmaRequests;
  private final EventFdSet eventFdSet;
  private volatile @Nullable TwinSocket twin;
  /** The first message that must wait for the end of the hold; all that follow it are still unread. */
  private @Nullable DeferredMessage held;
  private boolean isReleased;
  private boolean isDetached;
  private boolean isClosed;
  private @Nullable VmmCommands vmmCommands;

  ServerConnection(DeviceContext context, ClientLog log, MessageTransport transport) {
    super(context, log, transport, context.options().stallTimeout());
    this.control = context.control();
    this.hold = context.hold();
    // Another server that gets the connection must not see signals that were handled here.
    this.eventFdSet = new EventFdSet(control != null);
    ServerOptions options = context.options();
    int maxSize = options.limits().maxBodySize();
    ReentrantCommands reentrantCommands =
        new ReentrantCommands(commands, sender, memory, maxSize, options.limits().maxDataXferSize());
    dmaRequests = new DmaAccessRequests(new MessageChannel(reader, sender), reentrantCommands, memory,
        maxSize, options.stallTimeout());
  }

  /**
   * Returns whether the device keeps its state if it is stopped, and runs if it is running, when the client
   * disconnects.
   */
  boolean keepsStopped() {
    return extensions().has(Extension.KEEP_STOPPED);
  }

  /** Returns whether a device in RUNNING is left as it is when the client disconnects. */
  boolean keepsState() {
    return !isNegotiated() || context.options().keepState() == KeepState.ALWAYS
        || extensions().has(Extension.KEEP_STATE);
  }

  /** Returns whether another server has the connection. */
  boolean isReleased() {
    return isReleased;
  }

  /** Returns the indexes of the regions whose memory the client has, and may have mapped. */
  Set<Integer> mappedRegions() {
    return vmmCommands == null ? Set.of() : vmmCommands.infos().mappedRegions();
  }

  /** Ends {@link #serve}, because another server has the connection: the socket is closed, but not shut down. */
  void release() {
    isReleased = true;
  }

  /** Returns whether the device has another VMM, without having been reset. */
  boolean isDetached() {
    return isDetached;
  }

  /**
   * Closes this connection, whose image another object continues, and ends {@link #serve} without an effect on the
   * device.
   */
  void detach() {
    isDetached = true;
    release();
    close();
  }

  /**
   * Returns whether nothing of the client waits to be executed, and nothing arrives for a time.
   *
   * @param nanos the time
   */
  boolean isQuiet(long nanos) throws LinuxException {
    if (held != null || dmaRequests.hasDeferred() || dmaRequests.hasAborted() || reader.hasBuffered()) {
      return false;
    }
    return eventFdSet.isEmpty()
        ? !transport.awaitReadable(nanos)
        : transport.awaitReadable(eventFdSet.pollFd(), nanos) == 0;
  }

  /**
   * Serves the client until it disconnects.
   *
   * @throws ProtocolException if the client violated the protocol or timed out
   * @throws LinuxException if the connection failed
   */
  void serve() throws LinuxException, ProtocolException {
    if (!isNegotiated()) {
      if (!reader.next(false)) {
        return;
      }
      negotiate();
    }
    boolean isOpen = true;
    while (isOpen) {
      if (control != null && (control.isSummoned() || hold.isActive())) {
        control.serve();
        if (isReleased || control.isStopping()) {
          return;
        }
      }
      isOpen = switch (hold.scope()) {
        case NOTHING -> step();
        case REGISTERS -> stepWithoutRegisters();
        case EVERYTHING -> true;
      };
      dmaRequests.checkFailure();
    }
  }

  /** Executes a message that waited, or the next one. Returns false at the end of the stream. */
  private boolean step() throws LinuxException, ProtocolException {
    DeferredMessage queued = pollQueued();
    if (queued != null) {
      try (queued) {
        if (!eventFdSet.isEmpty()) {
          awaitMessage(0);
        }
        request.load(queued);
        execute();
      }
      return true;
    }
    runDevice();
    dmaRequests.checkFailure();
    if (dmaRequests.hasDeferred()) {
      return true;
    }
    if (control != null && !awaitBytes(control)) {
      return true;
    }
    if (!reader.next(true)) {
      return false;
    }
    if (reader.isReply() && dmaRequests.isAbortedReply()) {
      return true;
    }
    checkSize();
    request.receive(reader);
    execute();
    return true;
  }

  /**
   * Waits for bytes of the next message, or a summons. Returns whether there are bytes: a message that has arrived
   * is executed before the summons is followed, so that a busy control client does not delay the VMM's further.
   */
  private boolean awaitBytes(Summons summoning) throws LinuxException, ProtocolException {
    return summoning.isSummoned() ? reader.hasBuffered() || transport.awaitReadable(0) : reader.awaitBytes();
  }

  private @Nullable DeferredMessage pollQueued() {
    DeferredMessage first = held;
    if (first != null) {
      held = null;
      hold.setMessageWaits(false);
      return first;
    }
    return dmaRequests.pollDeferred();
  }

  /**
   * Executes the next message unless it must wait: then it is kept, and {@link Summons#serve} waits until
   * the hold ends. Doorbells keep their counts in the meantime. Returns false at the end of the stream.
   */
  private boolean stepWithoutRegisters() throws LinuxException, ProtocolException {
    if (held != null) {
      return true;
    }
    DeferredMessage next = dmaRequests.pollDeferred();
    if (next == null) {
      if (!reader.awaitBytes()) {
        return true;
      }
      if (!reader.next(true)) {
        return false;
      }
      if (reader.isReply() && dmaRequests.isAbortedReply()) {
        return true;
      }
      checkSize();
      next = DeferredMessage.receive(reader);
    }
    if (!Hold.isServedWithoutRegisters(next)) {
      held = next;
      hold.setMessageWaits(true);
      return true;
    }
    try (DeferredMessage served = next) {
      request.load(served);
      execute();
    }
    return true;
  }

  /**
   * Returns the image of this connection, with which another server can continue it. It stays as it is.
   *
   * @param vmm facts about it
   * @param socket its socket
   * @throws ErrnoException EBUSY if replies to aborted accesses have not arrived, ENOSPC if it is too large
   */
  ConnectionImage export(VmmConnection vmm, Fd socket) throws ErrnoException {
    if (dmaRequests.hasAborted()) {
      throw new ErrnoException(Errno.EBUSY, "the VMM has not answered accesses that a reset has aborted");
    }
    VmmCommands served = vmmCommands();
    TwinSocket opened = twin;
    Negotiated inForce = negotiated();
    ConnectionHead head = new ConnectionHead(vmm.token(), vmm.connectedSince(), vmm.pid(), vmm.uid(),
        inForce.limits(), inForce.extensions(), inForce.writeMultiple(), opened != null,
        context.irqs().isIntxMasked(), dmaRequests.nextId());
    ConnectionImage.Builder image = new ConnectionImage.Builder(head,
        opened != null ? List.of(socket, opened.serverFd()) : List.of(socket));
    new ConnectionSetup(context, served, memory).export(image);
    for (UnreadBytes bytes : unread()) {
      image.add(new ConnectionRecord(RecordKind.INPUT, bytes.bytes(), bytes.fds()));
    }
    return image.build();
  }

  /** Returns what was received but not executed, in order; it stays here. */
  private List<UnreadBytes> unread() {
    List<UnreadBytes> unread = new ArrayList<>();
    if (held != null) {
      unread.add(held.unread());
    }
    unread.addAll(dmaRequests.unread());
    unread.addAll(reader.unread());
    return unread;
  }

  /**
   * Continues a connection that another server has passed on; its unread bytes are the transport's.
   *
   * @param twinSocket the server's end of its twin socket, owned by this object even if this fails; null for none
   * @throws ErrnoException EINVAL if it does not fit the device or the limits, or others that prevent a mapping
   */
  void adopt(ConnectionHead head, List<ConnectionRecord> records, @Nullable UnixSocket twinSocket)
      throws ErrnoException, LinuxException {
    if (twinSocket != null) {
      twin = new TwinSocket(twinSocket, transport, context.options(), memory);
      dmaRequests.useTwin(twin.channel());
    }
    if (!head.limits().equals(context.options().limits().negotiate(head.limits()))) {
      throw new ErrnoException(Errno.EINVAL,
          "the VMM has negotiated %s, this server offers %s".formatted(head.limits(),
              context.options().limits()));
    }
    install(head.limits(), head.extensions(), head.writeMultiple());
    dmaRequests.continueIds(head.nextId());
    new ConnectionSetup(context, vmmCommands(), memory).restore(records, head.isIntxMasked(), this::apply);
  }

  private void apply(DeferredMessage message) throws ErrnoException {
    request.load(message);
    commands.apply(request, reply);
  }

  /** Returns the handlers that know what another server needs. VERSION has succeeded. */
  VmmCommands vmmCommands() {
    return Objects.requireNonNull(vmmCommands, "VERSION has succeeded");
  }

  /**
   * Runs the device's due work and handles eventfd signals, at least once, until there is a message or a summons.
   */
  private void runDevice() throws LinuxException {
    while (!dmaRequests.hasFailed() && !dmaRequests.hasDeferred()) {
      long now = context.clock().getAsLong();
      long next = context.device().runDue(now);
      boolean isPlanned = next != Long.MAX_VALUE;
      boolean hasWork = reader.hasBuffered() || isSummoned();
      if (!eventFdSet.isEmpty()) {
        if (awaitMessage(hasWork ? 0 : isPlanned ? Math.max(0, next - now) : -1) || hasWork) {
          return;
        }
      } else if (!isPlanned || hasWork || transport.awaitReadable(Math.max(0, next - now))) {
        return;
      }
    }
  }

  private boolean isSummoned() {
    return control != null && control.isSummoned();
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

  @Override
  Extensions grant(Extensions wanted) {
    EnumSet<Extension> refused = EnumSet.of(Extension.CONTROL);
    if (context.options().keepState() == KeepState.NEVER) {
      refused.add(Extension.KEEP_STATE);
    }
    if (refused.contains(Extension.KEEP_STATE) || !wanted.has(Extension.KEEP_STATE)) {
      refused.add(Extension.KEEP_STOPPED);
    }
    return wanted.without(refused);
  }

  @Override
  boolean offersTwin(VersionMessage version, Limits inForce) throws ErrnoException {
    return version.hasTwinSocket() && inForce.maxMsgFds() > 0;
  }

  @Override
  Fd openTwin() throws LinuxException {
    TwinSocket opened = new TwinSocket(transport, context.options(), memory);
    twin = opened;
    dmaRequests.useTwin(opened.channel());
    return opened.clientFd();
  }

  @Override
  void onVersionSent() {
    if (twin != null) {
      twin.closeClientEnd();
    }
    super.onVersionSent();
  }

  @Override
  List<CommandHandlers> createHandlers(Negotiated negotiated) {
    EmulatedDevice device = context.device();
    Limits inForce = negotiated.limits();
    boolean flagsPeers = negotiated.extensions().has(Extension.MEMORY_KINDS);
    dmaRequests.limitPieces(inForce.maxDataXferSize());
    context.dma().attachClient(dmaRequests, flagsPeers);
    DoorbellCommands doorbells = new DoorbellCommands(device, eventFdSet, inForce.maxMsgFds(), memory);
    IrqCommands irqs = new IrqCommands(context.irqs(), eventFdSet);
    InfoCommands infos = new InfoCommands(device, context.irqs(), inForce.maxMsgFds());
    vmmCommands = new VmmCommands(infos, irqs, doorbells);
    return List.of(
        infos,
        new RegionCommands(device, inForce.maxDataXferSize(), negotiated.writeMultiple()),
        doorbells,
        irqs,
        new DmaCommands(context.dma(), negotiated.bitmaps(), inForce, flagsPeers),
        new DeviceCommands(device, context.dma().log(), negotiated.migrationData(), moveGuard()),
        new FeatureCommands(device, negotiated.migrationData(), context.dma().log(), negotiated.bitmaps()),
        negotiated.migrationData());
  }

  @Override
  MoveGuard moveGuard() {
    return new MoveGuard() {
      @Override
      public void beforeMove(DeviceState target) throws ErrnoException {
        if (hold.isActive()) {
          throw new ErrnoException(Errno.EBUSY, "the client of the control socket moves the device");
        }
        if (!context.device().state().isSaving()) {
          context.device().omitStateMemory(false); // The control client wanted it for a session of its own.
        }
      }

      @Override
      public void onMoved() {
        if (hold.isActive()) {
          hold.onMoved();
        }
      }

      @Override
      public void onReset() {
        onMoved();
      }
    };
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
    if (isClosed) {
      return;
    }
    isClosed = true;
    context.dma().clear();
    context.irqs().clear();
    eventFdSet.close();
    if (held != null) {
      held.close();
      hold.setMessageWaits(false);
    }
    dmaRequests.close();
    if (twin != null) {
      twin.close();
    }
    super.close();
  }
}
