// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.TransitionException;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.dma.DmaBackingFactory;
import io.vfio4j.vfiouser.dma.DmaTable;
import io.vfio4j.vfiouser.handover.ConnectionHead;
import io.vfio4j.vfiouser.handover.ConnectionImage;
import io.vfio4j.vfiouser.handover.ConnectionRecord;
import io.vfio4j.vfiouser.handover.RecordKind;
import io.vfio4j.vfiouser.handover.VmmSetup;
import io.vfio4j.vfiouser.irq.IrqTable;
import io.vfio4j.vfiouser.log.ClientLog;
import io.vfio4j.vfiouser.log.LogLimiter;
import io.vfio4j.vfiouser.recording.Recording;
import io.vfio4j.vfiouser.recording.RecordingTransport;
import io.vfio4j.vfiouser.v1.V1Device;
import io.vfio4j.vfiouser.wire.MessageTransport;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A device with its memory and interrupts, as used by successive clients, independent of the transport. Used
 * on the device's thread, except {@link #stop}.
 */
final class DeviceBackend implements VmmSlot, AutoCloseable {

  private final @Nullable V1Device v1Device;
  private final EmulatedDevice device;
  private final DeviceContext context;
  private final LogLimiter log;
  private int clients;
  private BooleanSupplier takePlace = () -> true;
  private Runnable releasePlace = () -> {
  };
  /** The socket of {@link #current} or {@link #staged}, which its transport owns. */
  private @Nullable Fd socket;
  /** Facts about {@link #current} or {@link #staged}. */
  private @Nullable VmmConnection vmm;
  /** A connection that was passed on by another server, before it is served. */
  private @Nullable ServerConnection staged;
  /** Decides what becomes of a device that has lost its VMM. */
  private OwnerLoss ownerLoss = OwnerLoss.NONE;
  private long epoch;
  /** Whether the thread is still to return from {@link ServerConnection#serve} of a connection that is closed. */
  private boolean isDetaching;
  private @Nullable VmmReplacement replacement;
  private volatile boolean stopping;
  private volatile @Nullable ServerConnection current;

  /**
   * Creates a backend.
   *
   * @param log shared by all clients, so that reconnecting does not reset its limits
   * @param peerTraffic counts bytes copied from and to exported peers
   * @param control calls the device's thread to the control socket; null if there is none
   */
  DeviceBackend(EmulatedDevice device, ServerOptions options, LogLimiter log, LongSupplier clock,
      AtomicLong peerTraffic, @Nullable Summons control) {
    this.v1Device = options.versions().hasV1() && device.features().canMigrate()
        ? new V1Device(device, options.versions().hasV2())
        : null;
    this.device = v1Device != null ? v1Device : device;
    this.log = log;
    this.context = new DeviceContext(this.device,
        new DmaTable(peerTraffic, new DmaBackingFactory(options.mappableFiles()::contains, control != null),
            log),
        new IrqTable(this.device.description().irqCounts(), log), options, clock,
        new Hold(this.device, options.maxHold(), clock), control);
  }

  /**
   * Attaches the device to memory and interrupts; called once, first.
   *
   * @param takePlace takes the place of the VMM for a connection that is staged, if it is free
   * @param releasePlace releases it, if the connection is dropped before it is served
   */
  void attach(BooleanSupplier takePlace, Runnable releasePlace) {
    this.takePlace = takePlace;
    this.releasePlace = releasePlace;
    device.attach(context.dma(), context.irqs());
  }

  DeviceContext context() {
    return context;
  }

  /** Sets what becomes of a device that has lost its VMM. */
  void onOwnerLoss(OwnerLoss decides) {
    ownerLoss = decides;
  }

  @Override
  public long epoch() {
    return epoch;
  }

  /** Admits a second VMM from now on. */
  void setReplacement(VmmReplacement admitted) {
    replacement = admitted;
  }

  @Override
  public Optional<VmmReplacement> replacement() {
    return Optional.ofNullable(replacement);
  }

  /**
   * Serves a client until it disconnects, and then prepares the device for the next one.
   *
   * @param transport the transport to the client; closed at the end
   * @param accepted facts about the client
   * @param clientSocket the socket of the transport, which owns it; null if it has none
   * @return whether its VERSION succeeded; some peers connect only to check whether the server is listening
   */
  boolean serve(MessageTransport transport, VmmConnection accepted, @Nullable Fd clientSocket) {
    Optional<Recording.Connection> connectionRecording = record();
    MessageTransport recorded = recorded(transport, connectionRecording);
    socket = clientSocket;
    return serve(new ServerConnection(context, clientLog(accepted), recorded), accepted, connectionRecording);
  }

  private Optional<Recording.Connection> record() {
    return context.options().recording()
        .map(recording -> recording.recordConnect(device.description().name()));
  }

  private static MessageTransport recorded(MessageTransport transport,
      Optional<Recording.Connection> connectionRecording) {
    return connectionRecording.<MessageTransport>map(
        recording -> new RecordingTransport(transport, recording, RecordingTransport.MAIN_SOCKET))
        .orElse(transport);
  }

  private ClientLog clientLog(VmmConnection accepted) {
    return new ClientLog(log, "client %d (%s)".formatted(++clients, accepted.credentials()));
  }

  private boolean serve(ServerConnection served, VmmConnection accepted,
      Optional<Recording.Connection> connectionRecording) {
    boolean keep = true;
    boolean keepStopped = false;
    boolean hadClient = false;
    Optional<VmmSetup> lost = Optional.empty();
    String reason = "";
    try (ServerConnection connection = served) {
      current = connection;
      vmm = accepted;
      epoch++;
      try {
        if (!stopping) {
          connection.serve();
        }
      } finally {
        hadClient = connection.isNegotiated();
        keep = connection.keepsState();
        keepStopped = connection.keepsStopped();
        current = null;
        if (!connection.isDetached()) {
          vmm = null;
          lost = hadClient && ownerLoss.isObserved() ? Optional.of(new VmmSetupReader(context).read())
              : Optional.empty();
        }
      }
    } catch (ProtocolException | LinuxException e) {
      reason = String.valueOf(e.getMessage());
      if (!stopping) {
        log.accept("connection failed: " + reason);
      }
    }
    if (served.isDetached()) {
      isDetaching = false;
      served.log.replaced();
    } else if (served.isReleased()) {
      served.log.released();
      device.reset();
    } else {
      served.log.ended(hadClient, reason, stopping);
      if (keepStopped || lost.isEmpty() || stopping || !ownerLoss.keepsDevice(lost.get())) {
        settle(keep, keepStopped);
      }
    }
    context.hold().clear();
    String failure = reason;
    connectionRecording.ifPresent(recording -> recording.recordDisconnect(failure));
    return hadClient;
  }

  /** Prepares the device for the next client. */
  private void settle(boolean keep, boolean keepStopped) {
    boolean isStopped = keepStopped && settleState();
    boolean kept = keep && (v1Device != null ? v1Device.release() : device.state() == DeviceState.RUNNING);
    if (!kept && !isStopped) {
      device.reset();
    }
  }

  @Override
  public boolean isConnected() {
    return current != null || staged != null;
  }

  @Override
  public boolean isEnding() {
    ServerConnection connection = current;
    return isDetaching || (connection != null && connection.isReleased());
  }

  @Override
  public Optional<VmmConnection> connection() {
    return Optional.ofNullable(vmm);
  }

  @Override
  public Set<Integer> mappedRegions() {
    ServerConnection connection = staged != null ? staged : current;
    return connection == null ? Set.of() : connection.mappedRegions();
  }

  /** Returns whether a connection is to be served that another server has passed on. */
  boolean hasStaged() {
    return staged != null;
  }

  /** Serves a staged connection until the client disconnects, as {@link #serve(MessageTransport, VmmConnection, Fd)}. */
  boolean serveStaged() {
    ServerConnection connection = Objects.requireNonNull(staged, "no connection is staged");
    VmmConnection passed = Objects.requireNonNull(vmm, "the staged connection is unknown");
    staged = null;
    return serve(connection, passed, Optional.empty());
  }

  @Override
  public ConnectionImage export() throws ErrnoException {
    ServerConnection connection = negotiated();
    connection.vmmCommands().checkPassable(device);
    if (replacement != null && replacement.hasCandidate()) {
      throw new ErrnoException(Errno.EBUSY, "a second VMM is connected, which could not follow the device");
    }
    return export(connection);
  }

  /** Returns the connection that is served. */
  private ServerConnection negotiated() throws ErrnoException {
    ServerConnection connection = current;
    if (connection == null || !connection.isNegotiated()) {
      throw new ErrnoException(Errno.ENOTCONN, "no VMM is connected");
    }
    return connection;
  }

  private ConnectionImage export(ServerConnection connection) throws ErrnoException {
    if (vmm == null || socket == null) {
      throw new ErrnoException(Errno.ENOTCONN, "no VMM is connected over a socket");
    }
    return connection.export(vmm, socket);
  }

  /**
   * Returns what the connected VMM has set up.
   *
   * @throws ErrnoException ENOTCONN without a VMM
   */
  VmmSetup setup() throws ErrnoException {
    negotiated();
    return new VmmSetupReader(context).read();
  }

  /**
   * Returns whether nothing of the connected VMM waits to be executed, and nothing arrives for a time.
   *
   * @throws ErrnoException ENOTCONN without a VMM
   */
  boolean isQuiet(long nanos) throws ErrnoException, LinuxException {
    return negotiated().isQuiet(nanos);
  }

  /**
   * Returns the connection of the VMM for another object that continues it; it stays as it is until {@link #detach}.
   *
   * @throws ErrnoException ENOTCONN without a VMM; others if it cannot be passed on
   */
  VmmImage image() throws ErrnoException {
    ServerConnection connection = negotiated();
    return new VmmImage(export(connection).withOwnFds(), connection.vmmCommands().infos().mappedRegions());
  }

  /** Closes the connection that is served, without an effect on the device. */
  void detach() {
    ServerConnection connection = current;
    if (connection != null) {
      connection.detach();
      current = null;
      vmm = null;
      isDetaching = true;
    }
  }

  /**
   * Continues a connection at a device that stays as it is: {@link #serveStaged} serves it.
   *
   * @param passed stays the caller's
   * @param restoresConfigSpace whether the config space of the device becomes the connection's
   * @throws ErrnoException if it cannot be continued
   */
  void continueConnection(VmmImage passed, boolean restoresConfigSpace) throws ErrnoException {
    List<ConnectionRecord> records = passed.image().records();
    ConnectionHead head = ConnectionHead.decode(records.getFirst());
    // The memory of the regions is the same here.
    List<ConnectionRecord> restored = records.stream()
        .filter(record -> record.kind() != RecordKind.MAPPED_REGION
            && (restoresConfigSpace || record.kind() != RecordKind.CONFIG_SPACE))
        .toList();
    VmmConnection facts = VmmConnection.of(head);
    try {
      ServerConnection connection = adopt(head, restored, facts);
      connection.vmmCommands().infos().addMappedRegions(passed.mappedRegions());
      staged = connection;
      vmm = facts;
    } catch (LinuxException e) {
      throw new ErrnoException(e.errno(), "the connection cannot be continued: " + e.getMessage(), e);
    }
  }

  @Override
  public void stage(ConnectionImage image) throws ErrnoException {
    List<ConnectionRecord> records = image.records();
    if (records.isEmpty()) {
      throw new ErrnoException(Errno.EINVAL, "the image of the connection is empty");
    }
    ConnectionHead head = ConnectionHead.decode(records.getFirst());
    if (isConnected() || !takePlace.getAsBoolean()) {
      throw new ErrnoException(Errno.EBUSY, "a VMM is connected");
    }
    VmmConnection passed = VmmConnection.of(head);
    try {
      staged = adopt(head, records, passed);
      vmm = passed;
      context.hold().stage();
    } catch (LinuxException e) {
      releasePlace.run();
      throw new ErrnoException(e.errno(), "the connection cannot be continued: " + e.getMessage(), e);
    } catch (ErrnoException | RuntimeException e) {
      releasePlace.run();
      throw e;
    }
  }

  /** Returns a connection that continues one from elsewhere, whose socket is {@link #socket} then. */
  private ServerConnection adopt(ConnectionHead head, List<ConnectionRecord> records, VmmConnection passed)
      throws ErrnoException, LinuxException {
    ConnectionAdopter.Adopted adopted =
        new ConnectionAdopter(context).adopt(head, records, clientLog(passed));
    socket = adopted.socket();
    return adopted.connection();
  }

  @Override
  public void dropStaged() {
    ServerConnection connection = staged != null ? staged : current;
    if (connection == null || !context.hold().isStaged()) {
      return;
    }
    context.hold().unstage();
    connection.release();
    if (staged != null) {
      staged = null;
      vmm = null;
      connection.close();
      releasePlace.run();
    }
  }

  @Override
  public void release() {
    ServerConnection connection = current;
    if (connection != null) {
      connection.release();
    } else {
      device.reset();
    }
    context.hold().clear();
  }

  /** Disconnects the client, whose end its thread then handles. */
  void disconnect() {
    ServerConnection connection = current;
    if (connection != null) {
      connection.shutdown();
    }
  }

  /**
   * Moves a device whose client has disconnected to the nearest settled state, with its state intact: a
   * running one to RUNNING, without the client's memory and interrupts, any other to STOP.
   *
   * @return whether it is stopped with its state
   */
  private boolean settleState() {
    DeviceState before = device.state();
    boolean hasNoState = before == DeviceState.RESUMING || before == DeviceState.ERROR;
    // Otherwise the state field would differ from the device's state.
    boolean drivenByV1 = v1Device != null && v1Device.isDrivenByV1();
    if (before == DeviceState.RUNNING || hasNoState || drivenByV1) {
      return false;
    }
    try {
      device.moveTo(before.isRunning() ? DeviceState.RUNNING : DeviceState.STOP);
      if (before != DeviceState.STOP) {
        log.accept("the client disconnected with the device in %s; it is now in %s".formatted(before,
            device.state()));
      }
    } catch (TransitionException e) {
      log.accept(
          "the client disconnected with the device in %s, which could not be moved: %s".formatted(before,
              e.getMessage()));
    }
    return device.state() == DeviceState.STOP || device.state() == DeviceState.STOP_COPY;
  }

  /** Ends the current connection, and later ones at once. From any thread; does not wait. */
  void stop() {
    stopping = true;
    ServerConnection connection = current;
    // With a shared socket the device's thread waits on the control socket, which is stopped too.
    if (connection != null && !context.hold().isShared()) {
      connection.shutdown();
    }
  }

  /** Runs the device's due work, as {@link EmulatedDevice#runDue}. */
  long runDue(long now) {
    return device.runDue(now);
  }

  /** Frees the memory of the backend. The device stays the caller's. */
  @Override
  public void close() {
    if (staged != null) {
      staged.close();
    }
    if (v1Device != null) {
      v1Device.close();
    }
    context.dma().close();
  }
}
