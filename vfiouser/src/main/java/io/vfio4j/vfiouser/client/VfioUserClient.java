// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
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
 * Drives a device that another process serves.
 *
 * <p>
 * Safe for use by several threads, whose calls follow each other; only one of them should move the device. Every
 * method throws {@link DeviceLostException} once the connection has failed: a server that broke the protocol or does
 * not answer in time is given up.
 */
public final class VfioUserClient implements MigratableDevice, RegisterAccess {

  private final ClientCalls calls;
  private final Limits limits;
  private final Extensions extensions;
  private final DeviceInfo info;
  private final DeviceIdentity identity;
  private final ClientRegions regions;
  private final ClientIrqs irqs;
  private final ClientDmaMappings mappings;
  private final Optional<ClientMigrationRegion> migrationRegion;
  private final ClientMigration v2;
  private final boolean hasV2;
  private final MigratableDevice migration;
  private final ServerQuirks quirks = new ServerQuirks();

  private VfioUserClient(String name, ClientOptions options, MessageTransport transport)
      throws DeviceException {
    ClientMemory memory = new ClientMemory();
    ClientChannel channel = new ClientChannel(transport, memory, options.limits(), options.timeout(),
        options.migrationTimeout());
    calls = new ClientCalls(name, channel);
    try {
      ClientHandshake.NegotiationResult answer = ClientHandshake.negotiate(calls, options);
      VersionMessage granted = answer.version();
      limits = applyNegotiated(channel, options, answer);
      extensions = granted.extensions();
      quirks.recordVersion(granted, limits);
      regions = new ClientRegions(calls, limits, granted.writeMultiple());
      irqs = new ClientIrqs(calls, limits);
      mappings = new ClientDmaMappings(calls, memory, limits, extensions);
      RunningOnlyServer server = new RunningOnlyServer(calls, quirks);
      info = server.query(() -> ClientHandshake.deviceInfo(calls), DeviceInfo.UNKNOWN);
      identity = server.query(() -> ClientHandshake.identity(calls.name(), regions, granted),
          ClientHandshake.unknownIdentity(calls.name(), granted));
      migrationRegion = ClientMigrationRegion.find(calls, regions, info.regions());
      v2 = new ClientMigration(calls, identity, memory, mappings, limits, extensions, quirks);
      hasV2 = v2.features().canMigrate();
      migration = hasV2 || migrationRegion.isEmpty() ? v2 : v1Device(migrationRegion.get(), v2.dmaLog());
    } catch (ErrnoException e) {
      channel.close();
      throw new DeviceLostException(name, "connect", e.errno(),
          "its VERSION makes no sense: " + e.getMessage(), e);
    } catch (LinuxException e) {
      channel.close();
      throw new DeviceLostException(name, "connect", e.errno(),
          "its second socket is of no use: " + e.getMessage(), e);
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
        channel.twin(granted.twinSocket(), options);
      }
      return inForce;
    } catch (ErrnoException e) {
      granted.close();
      throw e;
    }
  }

  /** A region that this project's server makes of version 2 has the same stream, and cuts it where it likes. */
  private MigratableDevice v1Device(ClientMigrationRegion driven, Optional<DmaLog> dmaLog) {
    return new RegionMigratableDevice(identity, driven, FeaturesV1.all(driven.hasNdma()), dmaLog,
        !extensions.isVfio4j());
  }

  /**
   * Connects to a server.
   *
   * @param path the server's socket
   * @param options how
   * @throws DeviceException if nobody listens there, if the server refuses (EBUSY: another client is connected), or
   *     if what it answers makes no sense
   */
  public static VfioUserClient connect(Path path, ClientOptions options) throws DeviceException {
    String name = "vfio-user:" + path;
    UnixSocket socket;
    try {
      socket = UnixSocket.connect(path, options.timeout());
    } catch (LinuxException e) {
      throw new DeviceException(name, "connect", e.errno(), name + ": cannot connect: " + e.errno(), e);
    }
    return of(socket, name, options);
  }

  /**
   * Makes a client of a connection that is there already.
   *
   * @param socket the client's end, which the client owns from now on
   * @param name the device's name
   * @param options how
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

  /** Tells whether the server has a second socket for its own commands. */
  public boolean hasTwinSocket() {
    return calls.channel().hasTwin();
  }

  /** Returns the limits in force. */
  public Limits limits() {
    return limits;
  }

  /** Tells whether the server leaves the device as it is, if it is in RUNNING, when this client goes away. */
  public boolean keepsState() {
    return extensions.has(Extension.KEEP_STATE);
  }

  /**
   * Tells whether the device has version 1 of the migration interface, a region of its own. It is driven by that if
   * it has no version 2.
   */
  public boolean hasV1() {
    return migrationRegion.isPresent();
  }

  /** Tells whether the device has version 2 of the migration interface. */
  public boolean hasV2() {
    return hasV2;
  }

  /**
   * Asks the server for all features by VFIO_DEVICE_FEATURE, known here or not. This changes nothing.
   *
   * @throws DeviceLostException if the connection has failed
   */
  public OfferedFeatures offeredFeatures() throws DeviceException {
    return v2.offeredFeatures();
  }

  Optional<ClientMigrationRegion> migrationRegion() {
    return migrationRegion;
  }

  /**
   * Returns what was found of the server so far where servers differ, by kind. What a server does at a reset or with
   * a device's data shows only when that is done.
   */
  public List<ServerQuirk> quirks() {
    return quirks.list();
  }

  /**
   * Returns what the server says of the device; nothing but zeros if it does not say as long as the device is
   * stopped, which is {@linkplain ServerQuirk.Kind#REFUSES_WHILE_STOPPED found} then. Connect anew once it runs.
   */
  public DeviceInfo info() {
    return info;
  }

  /**
   * Asks about a region.
   *
   * @param index the region's index
   * @throws DeviceException EINVAL if there is no such index
   */
  public RegionInfo regionInfo(int index) throws DeviceException {
    return regions.info(index);
  }

  /**
   * Asks about a region and for its memory.
   *
   * @param index the region's index
   * @return the region's memory, which is the caller's
   * @throws DeviceException EINVAL if there is no such index, ENODEV if its memory is not to be had
   */
  public MappedRegion mapRegion(int index) throws DeviceException {
    return regions.map(index);
  }

  /** Returns further ways to the device's regions: posted writes, many at once, doorbells. */
  public ClientRegions regions() {
    return regions;
  }

  /** Returns the way to the device's interrupts. */
  public ClientIrqs irqs() {
    return irqs;
  }

  /** {@inheritDoc} In pieces if it is more than the server gives at once. */
  @Override
  public void readRegion(int region, long offset, MemorySegment into) throws DeviceException {
    regions.read(region, offset, into);
  }

  /** {@inheritDoc} In pieces if it is more than the server takes at once. */
  @Override
  public void writeRegion(int region, long offset, MemorySegment data) throws DeviceException {
    regions.write(region, offset, data);
  }

  /**
   * Tells whether the server knows of each mapping whether it is a peer. It takes all DMA for possibly peer-to-peer
   * otherwise, and stops all of it in RUNNING_P2P and PRE_COPY_P2P.
   */
  public boolean reportsMemoryKinds() {
    return extensions.has(Extension.MEMORY_KINDS);
  }

  /**
   * Lets the device reach memory.
   *
   * @param range where the device sees it
   * @param fd the memory, which stays the caller's
   * @param offset where in the file it begins, bytes, a multiple of the page size
   * @param writable whether the device may write it
   * @throws DeviceException EINVAL if it overlaps another mapping or lies outside the file, ENOSPC for too many
   */
  public void mapDma(IovaRange range, Fd fd, long offset, boolean writable) throws DeviceException {
    mapDma(range, fd, offset, writable ? DmaOptions.READ_WRITE : DmaOptions.READ_ONLY);
  }

  /**
   * Lets the device reach memory in a way of one's choice. The same mapping again changes nothing.
   *
   * @param range where the device sees it
   * @param fd the memory, which stays the caller's
   * @param offset where in the file it begins, bytes; a multiple of the page size unless it is by file I/O
   * @param options how
   * @throws DeviceException EINVAL if it overlaps another mapping or lies outside the file, ENOSPC for too many
   */
  public void mapDma(IovaRange range, Fd fd, long offset, DmaOptions options) throws DeviceException {
    mappings.map(range, fd, offset, options);
  }

  /**
   * Says where the device sees a region of another device that was not exported as a file. A device of hardware would
   * reach it; an emulated one cannot, and has EFAULT for an answer.
   *
   * @param range where the device sees it
   * @param writable whether the device may write it
   * @throws DeviceException EINVAL if it overlaps another mapping, ENOSPC for too many
   */
  public void mapPeer(IovaRange range, boolean writable) throws DeviceException {
    mappings.mapPeer(range, writable);
  }

  /**
   * Lets the device reach memory that is not handed over: the server asks for it by message.
   *
   * @param iova where the device sees it
   * @param opaque the memory, native and shared by all threads, at least until it is unmapped
   * @param writable whether the device may write it
   * @throws DeviceException EINVAL if it overlaps another mapping, ENOSPC for too many
   */
  public void mapDma(long iova, MemorySegment opaque, boolean writable) throws DeviceException {
    mappings.map(iova, opaque, writable);
  }

  /**
   * Takes memory away from the device.
   *
   * @param range exactly what was mapped; servers of ours also take a range that several mappings lie in
   * @throws DeviceException ENOENT if it was not mapped so
   */
  public void unmapDma(IovaRange range) throws DeviceException {
    mappings.unmap(range);
  }

  /**
   * Takes memory away from the device, and reads the log of what the device wrote there. Nothing is written in
   * between, and what fails changes nothing. The DMA log must be on.
   *
   * @param range as without a bitmap
   * @param pageSize bytes per bit, a power of two of at least 4096
   * @param bitmap where bits are set, as {@link DmaLog#report} sets them
   * @throws DeviceException ENOENT if it was not mapped so, EINVAL for a wrong page size, too short a bitmap, or
   *     without a log
   */
  public void unmapDma(IovaRange range, long pageSize, MemorySegment bitmap) throws DeviceException {
    mappings.unmap(range, pageSize, bitmap);
  }

  /**
   * Takes all memory away from the device.
   *
   * @throws DeviceException if the server refuses
   */
  public void unmapAllDma() throws DeviceException {
    mappings.unmapAll();
  }

  /** {@inheritDoc} With ids of 0 where the server does not tell, as with {@link #info()}. */
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
   * @throws DeviceException EIO if the server leaves the migration state as it was, as some do, and the device cannot
   *     be moved out of it
   */
  @Override
  public void reset() throws DeviceException {
    migration.reset();
    if (!info.canReset() && !info.equals(DeviceInfo.UNKNOWN)) {
      quirks.add(ServerQuirk.Kind.DENIES_RESET,
          "said that it cannot be reset, but it was: whether a reset works shows only when it is tried");
    }
  }

  @Override
  public OptionalLong stopCopyLength() throws DeviceException {
    return migration.stopCopyLength();
  }

  /** {@inheritDoc} Only servers of vfio4j say so, by feature 0xff01. */
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
   * Tells whether the server leaves the device in STOP when this client goes away while the device stands still with its
   * state, and in RUNNING while it runs in whatever state.
   */
  public boolean keepsStopped() {
    return extensions.has(Extension.KEEP_STOPPED);
  }

  /**
   * Returns whether the server is known to reset a device that it does not {@linkplain #keepsState keep} when this client
   * disconnects: one of vfio4j does. Others are not to be relied on: VFIO asks for it, and some leave the device as it is.
   */
  public boolean resetsOnDisconnect() {
    return extensions.isVfio4j();
  }

  /** Disconnects. A server of vfio4j resets the device unless it {@linkplain #keepsState keeps} its state. */
  @Override
  public void close() {
    calls.channel().close();
  }

  /** Returns the way to say what this class does not. */
  ClientCalls calls() {
    return calls;
  }
}
