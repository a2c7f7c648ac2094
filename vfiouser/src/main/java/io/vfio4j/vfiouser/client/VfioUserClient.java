// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.OfferedFeatures;
import io.vfio4j.model.Segmentation;
import io.vfio4j.model.StateLayout;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.model.info.RegionInfo;
import io.vfio4j.model.region.RegionMigratableDevice;
import io.vfio4j.model.v1.FeaturesV1;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.client.memory.ClientMemory;
import io.vfio4j.vfiouser.exchange.ServerQuirks;
import io.vfio4j.vfiouser.quirk.ServerQuirk;
import io.vfio4j.vfiouser.wire.Extension;
import io.vfio4j.vfiouser.wire.Extensions;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.SocketTransport;
import io.vfio4j.vfiouser.wire.VersionMessage;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A device that a vfio-user server serves.
 *
 * <p>
 * Thread-safe: exchanges of several threads take place one after the other. Only one thread should move the
 * device. Once the connection has failed, every method throws {@link DeviceLostException}: a server that
 * violates the protocol, or does not reply in time, is disconnected.
 */
public final class VfioUserClient implements MigratableDevice, RegisterAccess {

  private final ClientCalls calls;
  private final Limits limits;
  private final Extensions extensions;
  private final DeviceInfo info;
  private final DeviceIdentity identity;
  private final ClientRegions regions;
  private final ClientIrqs irqs;
  private final ClientDmaMappings dma;
  private final Optional<ClientMigrationRegion> migrationRegion;
  private final ClientMigration v2;
  private final boolean hasV2;
  private final MigratableDevice migration;
  private final ServerQuirks quirks = new ServerQuirks();

  private VfioUserClient(String name, ClientOptions options, MessageTransport transport)
      throws DeviceException {
    ClientMemory memory = new ClientMemory();
    ClientChannel channel = new ClientChannel(transport, memory, options);
    calls = new ClientCalls(name, channel);
    try {
      ClientHandshake.NegotiationResult negotiated = ClientHandshake.negotiate(calls, options);
      VersionMessage granted = negotiated.version();
      limits = applyNegotiated(channel, options, negotiated);
      extensions = granted.extensions();
      quirks.recordVersion(granted, limits);
      ClientContext context = new ClientContext(calls, limits, extensions, memory, quirks);
      regions = new ClientRegions(context, granted.writeMultiple());
      irqs = new ClientIrqs(context);
      dma = new ClientDmaMappings(context);
      RunningOnlyServer server = new RunningOnlyServer(calls, quirks);
      info = server.query(() -> ClientHandshake.deviceInfo(calls), DeviceInfo.UNKNOWN);
      identity = server.query(() -> ClientHandshake.identity(name, regions, granted),
          ClientHandshake.unknownIdentity(name, granted));
      migrationRegion = ClientMigrationRegion.find(calls, regions, info.regions());
      v2 = new ClientMigration(context, identity, dma);
      hasV2 = v2.features().canMigrate();
      migration = hasV2 || migrationRegion.isEmpty() ? v2 : v1Device(migrationRegion.get(), v2.dmaLog());
    } catch (ErrnoException e) {
      channel.close();
      throw new DeviceLostException(name, "connect", e.errno(), "invalid VERSION reply: " + e.getMessage(),
          e);
    } catch (LinuxException e) {
      channel.close();
      throw new DeviceLostException(name, "connect", e.errno(), "invalid twin socket: " + e.getMessage(), e);
    } catch (DeviceException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static Limits applyNegotiated(ClientChannel channel, ClientOptions options,
      ClientHandshake.NegotiationResult granted)
      throws ErrnoException, LinuxException {
    try {
      Limits inForce = options.limits().negotiate(granted.version().limits());
      channel.applyNegotiated(inForce, granted.version().extensions());
      if (granted.twinSocket() != null) {
        channel.useTwin(granted.twinSocket());
      }
      return inForce;
    } catch (ErrnoException e) {
      granted.close();
      throw e;
    }
  }

  /**
   * A vfio4j server emulates the region on version 2: the data is the same stream, in segments of any length.
   */
  private MigratableDevice v1Device(ClientMigrationRegion region, Optional<DmaLog> dmaLog) {
    return new RegionMigratableDevice(identity, region, FeaturesV1.all(region.hasNdma()), dmaLog,
        !extensions.isVfio4j());
  }

  /**
   * Connects to a server.
   *
   * @param path the server's socket
   * @throws DeviceException ECONNREFUSED, ENOENT if no server listens there, EBUSY if another client is
   *     connected, or another errno with which the server refuses
   * @throws DeviceLostException if the server violates the protocol
   */
  public static VfioUserClient connect(Path path, ClientOptions options) throws DeviceException {
    return connect("vfio-user:" + path, path, options);
  }

  static VfioUserClient connect(String name, Path path, ClientOptions options) throws DeviceException {
    UnixSocket socket;
    try {
      socket = UnixSocket.connect(path, options.timeout());
    } catch (LinuxException e) {
      throw new DeviceException(name, "connect", e.errno(), name + ": cannot connect: " + e.errno(), e);
    }
    return of(socket, name, options);
  }

  /**
   * Connects to a server through a connected socket.
   *
   * @param socket the client's end; owned by the client, and closed if this fails
   * @param name the device's name, for messages
   * @throws DeviceException as {@link #connect}
   */
  public static VfioUserClient of(UnixSocket socket, String name, ClientOptions options)
      throws DeviceException {
    MessageTransport transport;
    try {
      transport = new SocketTransport(socket, Duration.ZERO, options.busyPoll(), options.socketBuffer());
    } catch (LinuxException e) {
      socket.close();
      throw new DeviceException(name, "connect", e.errno(), name + ": cannot connect: " + e.getMessage(), e);
    }
    return new VfioUserClient(name, options, transport);
  }

  /** Returns whether the server sends its own commands over a twin socket. */
  public boolean hasTwinSocket() {
    return calls.channel().hasTwin();
  }

  /** Returns the limits in force. */
  public Limits limits() {
    return limits;
  }

  /** Returns whether the server leaves a device in RUNNING as it is when this client disconnects. */
  public boolean keepsState() {
    return extensions.has(Extension.KEEP_STATE);
  }

  /**
   * Returns whether the device has version 1 of the migration interface, the migration region. The client
   * uses it if the device does not have version 2.
   */
  public boolean hasV1() {
    return migrationRegion.isPresent();
  }

  /** Returns whether the device has version 2 of the migration interface. */
  public boolean hasV2() {
    return hasV2;
  }

  /**
   * Probes the server for all features of VFIO_DEVICE_FEATURE, including unknown ones, without side effects.
   *
   * @throws DeviceLostException if the connection has failed
   */
  public OfferedFeatures offeredFeatures() throws DeviceException {
    return v2.offeredFeatures();
  }

  /** Returns whether the server takes this for a connection to its control socket. */
  boolean isControl() {
    return extensions.has(Extension.CONTROL);
  }

  Optional<ClientMigrationRegion> migrationRegion() {
    return migrationRegion;
  }

  /**
   * Returns the deviations of the server found so far, ordered by kind. Some kinds only show when the device
   * is reset or its state is read.
   */
  public List<ServerQuirk> quirks() {
    return quirks.list();
  }

  /**
   * Returns the reply to DEVICE_GET_INFO. It is all zeros if the server
   * {@linkplain ServerQuirk.Kind#REFUSES_WHILE_STOPPED refused} the request because the device was stopped;
   * reconnect once it runs.
   */
  public DeviceInfo info() {
    return info;
  }

  /**
   * Queries a region.
   *
   * @param index the region's index
   * @throws DeviceException EINVAL if there is no such index
   */
  public RegionInfo regionInfo(int index) throws DeviceException {
    return regions.info(index);
  }

  /**
   * Queries a region and its memory.
   *
   * @param index the region's index
   * @return the region; closed by the caller
   * @throws DeviceException EINVAL if there is no such index, ENODEV if the server does not share its memory
   */
  public MappedRegion mapRegion(int index) throws DeviceException {
    return regions.map(index);
  }

  /** Returns further operations on the device's regions: posted and batched writes, doorbells. */
  public ClientRegions regions() {
    return regions;
  }

  /** Returns the device's interrupts. */
  public ClientIrqs irqs() {
    return irqs;
  }

  /** {@inheritDoc} Split into several messages if it exceeds the server's limit. */
  @Override
  public void readRegion(int region, long offset, MemorySegment into) throws DeviceException {
    regions.read(region, offset, into);
  }

  /** {@inheritDoc} Split into several messages if it exceeds the server's limit. */
  @Override
  public void writeRegion(int region, long offset, MemorySegment data) throws DeviceException {
    regions.write(region, offset, data);
  }

  /** Returns the DMA mappings: memory that the device may access. */
  public ClientDmaMappings dma() {
    return dma;
  }

  /**
   * Returns whether DMA_MAP marks peers for the server. If not, it treats all DMA as possibly
   * peer-to-peer, and stops all of it in RUNNING_P2P and PRE_COPY_P2P.
   */
  public boolean reportsMemoryKinds() {
    return extensions.has(Extension.MEMORY_KINDS);
  }

  /** {@inheritDoc} All ids are 0 if the server refused to read config space, as for {@link #info()}. */
  @Override
  public DeviceIdentity identity() {
    return identity;
  }

  @Override
  public MigrationFeatures features() {
    return migration.features();
  }

  @Override
  public DeviceState state() throws DeviceException {
    return migration.state();
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws DeviceException {
    return migration.moveTo(target);
  }

  /**
   * Resets the device.
   *
   * @throws DeviceException EIO if the server leaves the migration state unchanged, as some do, and it is one
   *     that the device cannot leave
   */
  @Override
  public void reset() throws DeviceException {
    migration.reset();
    if (!info.canReset() && !info.equals(DeviceInfo.UNKNOWN)) {
      quirks.add(ServerQuirk.Kind.DENIES_RESET,
          "VFIO_DEVICE_FLAGS_RESET is not set, but a reset succeeds");
    }
  }

  @Override
  public OptionalLong stopCopyLength() throws DeviceException {
    return migration.stopCopyLength();
  }

  /** {@inheritDoc} Only vfio4j servers report it, by feature 0xff01. */
  @Override
  public Optional<StateLayout> stateLayout() throws DeviceException {
    return extensions.isVfio4j() ? ClientStateLayout.query(calls) : Optional.empty();
  }

  @Override
  public Optional<Segmentation> segmentation() {
    return migration.segmentation();
  }

  @Override
  public Optional<DmaLog> dmaLog() {
    return migration.dmaLog();
  }

  /**
   * Returns whether the server, when this client disconnects, leaves a stopped device in STOP with its state,
   * and a running one in RUNNING.
   */
  public boolean keepsStopped() {
    return extensions.has(Extension.KEEP_STOPPED);
  }

  /**
   * Returns whether the server is known to reset a device that it does not {@linkplain #keepsState keep} when
   * this client disconnects. A vfio4j server does. VFIO requires it, but some servers leave the device as it
   * is.
   */
  public boolean resetsOnDisconnect() {
    return extensions.isVfio4j();
  }

  /** Disconnects. A vfio4j server resets the device unless it {@linkplain #keepsState keeps} its state. */
  @Override
  public void close() {
    calls.channel().close();
  }

  /** Returns the calls, for requests that this class does not make. */
  ClientCalls calls() {
    return calls;
  }
}
