// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.OfferedFeatures;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Extension;
import io.vfio4j.vfiouser.wire.Extensions;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The client's side of DEVICE_FEATURE: version 2 of the migration interface, and the DMA log. */
final class ClientMigration implements MigratableDevice {

  private static final int DATA = Header.SIZE + Feature.SIZE;
  private static final int STATE_SIZE = 8;

  private final ClientCalls calls;
  private final ClientCalls migrationCalls;
  private final DeviceIdentity identity;
  private final Limits limits;
  private final ClientPreCopyInfo preCopyInfo;
  private final long migrationFlags;
  private final MigrationFeatures features;
  private final @Nullable DmaLog dmaLog;
  private final ServerQuirks quirks;
  /** Where the device is as far as known; nobody else moves it while we are connected. */
  private volatile DeviceState knownState = DeviceState.RUNNING;
  private @Nullable ClientDataSession session;
  private boolean paddingRecorded;

  ClientMigration(ClientCalls calls, DeviceIdentity identity, ClientMemory memory, ClientDmaMappings mappings,
      Limits limits, Extensions extensions, ServerQuirks findings) throws DeviceException {
    this.calls = calls;
    this.migrationCalls = calls.forMigration();
    this.identity = identity;
    this.quirks = findings;
    this.limits = limits;
    this.preCopyInfo = new ClientPreCopyInfo(calls, extensions.has(Extension.PRECOPY_INFO), findings);
    migrationFlags = readMigrationFlags();
    features = MigrationFeatures.fromFlags(migrationFlags);
    dmaLog = supports(Feature.DMA_LOGGING_START | Feature.SET)
        ? new ClientDmaLog(calls, memory, mappings, limits)
        : null;
    if (features.canMigrate()) {
      recordInitialQuirks(state());
    }
  }

  private void recordInitialQuirks(DeviceState state) {
    if (!features.has(MigrationFeature.P2P)) {
      quirks.add(ServerQuirk.Kind.NO_P2P, "no P2P: moves leave out RUNNING_P2P and PRE_COPY_P2P");
    }
    if (state != DeviceState.RUNNING) {
      quirks.add(ServerQuirk.Kind.NOT_RUNNING,
          "in %s already when this client connected: left so by another one".formatted(state));
    }
  }

  @Override
  public DeviceIdentity identity() {
    return identity;
  }

  @Override
  public MigrationFeatures features() {
    return features;
  }

  @Override
  public Optional<DmaLog> dmaLog() {
    return Optional.ofNullable(dmaLog);
  }

  Limits limits() {
    return limits;
  }

  ClientPreCopyInfo preCopyInfo() {
    return preCopyInfo;
  }

  ClientCalls calls() {
    return calls;
  }

  /** Returns calls that carry the device's state. */
  ClientCalls migrationCalls() {
    return migrationCalls;
  }

  /** Notes that the server sends more than it has to say. */
  void recordPadding() {
    if (!paddingRecorded) {
      paddingRecorded = true;
      quirks.add(ServerQuirk.Kind.PADS_DATA,
          "data is filled up to the size asked for: what is real is taken of it");
    }
  }

  /** Returns where the device is, without asking it. */
  DeviceState knownState() {
    return knownState;
  }

  private long readMigrationFlags() throws DeviceException {
    try {
      return readFeatureLong("read the migration features", Feature.MIGRATION);
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      // Servers without migration answer in different ways; none of them means that the device is lost.
      return 0;
    }
  }

  /** Probes the server for all features, also for those that nothing here knows. */
  OfferedFeatures offeredFeatures() throws DeviceException {
    return OfferedFeatures.probe(this::supports, migrationFlags);
  }

  /**
   * Probes for a feature.
   *
   * @param feature its number, maybe with {@link Feature#GET} or {@link Feature#SET}
   */
  private boolean supports(int feature) throws DeviceException {
    try {
      calls.call("probe for feature " + (feature & Feature.INDEX_MASK), Command.DEVICE_FEATURE,
          head -> encodeFeature(head, feature | Feature.PROBE, 0), MemorySegment.NULL,
          reader -> Boolean.TRUE);
      return true;
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      return false;
    }
  }

  /** Writes the fields of DEVICE_FEATURE and returns their size, with that of the data that follows them. */
  static int encodeFeature(MemorySegment head, int flags, int dataSize) {
    head.set(LittleEndian.U32, Header.SIZE, Feature.SIZE + dataSize);
    head.set(LittleEndian.U32, Header.SIZE + Feature.FLAGS, flags);
    return Feature.SIZE;
  }

  private long readFeatureLong(String action, int index) throws DeviceException {
    return calls.call(action, Command.DEVICE_FEATURE,
        head -> encodeFeature(head, index | Feature.GET, Long.BYTES),
        MemorySegment.NULL, reader -> {
          int at = ClientCalls.readBody(reader, Feature.SIZE + Long.BYTES);
          return reader.buffer().segment().get(LittleEndian.U64, at + Feature.SIZE);
        });
  }

  @Override
  public DeviceState state() throws DeviceException {
    if (!features.canMigrate()) {
      return DeviceState.RUNNING;
    }
    DeviceState state = readState(calls);
    updateState(state);
    return state;
  }

  /** Asks a device that can migrate where it is. */
  static DeviceState readState(ClientCalls calls) throws DeviceException {
    return calls.call("read the device state", Command.DEVICE_FEATURE,
        head -> encodeFeature(head, Feature.MIG_DEVICE_STATE | Feature.GET, STATE_SIZE), MemorySegment.NULL,
        reader -> {
          int at = ClientCalls.readBody(reader, Feature.SIZE + STATE_SIZE);
          int value = reader.buffer().segment().get(LittleEndian.U32, at + Feature.SIZE);
          return DeviceState.fromWire(value)
              .orElseThrow(() -> new ProtocolException("a device state " + Integer.toUnsignedString(value)));
        });
  }

  @Override
  public OptionalLong stopCopyLength() throws DeviceException {
    if (!features.canMigrate()) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Math.max(0, readFeatureLong("read the state's size", Feature.MIG_DATA_SIZE)));
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      if (e.errno().equals(Errno.ENOTTY) || e.errno().equals(Errno.EINVAL)) {
        return OptionalLong.empty();
      }
      throw e;
    }
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws DeviceException {
    DeviceState from = knownState;
    if (!features.canMigrate()) {
      throw transitionFailure(from, target, Errno.ENOTTY, from, null);
    }
    try {
      setState(target);
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      // The error says nothing of where the device is now.
      throw transitionFailure(from, target, e.errno(), state(), e);
    }
    updateState(target);
    if (target.isSaving() && !from.isSaving()) {
      session = new ClientSavingSession(this);
    } else if (target == DeviceState.RESUMING && from != DeviceState.RESUMING) {
      session = new ClientResumingSession(this);
    } else {
      return new TransitionResult(target, Optional.empty());
    }
    return new TransitionResult(target, Optional.of(session.session()));
  }

  private TransitionException transitionFailure(DeviceState from, DeviceState target, Errno errno,
      DeviceState reached,
      @Nullable Throwable cause) {
    return new TransitionException(calls.name(), from, target, errno, reached, cause);
  }

  private void setState(DeviceState target) throws DeviceException {
    migrationCalls.call("move to " + target, Command.DEVICE_FEATURE, head -> {
      head.set(LittleEndian.U32, DATA, target.wireValue());
      head.set(LittleEndian.U32, DATA + 4, -1);
      return encodeFeature(head, Feature.MIG_DEVICE_STATE | Feature.SET, STATE_SIZE) + STATE_SIZE;
    }, MemorySegment.NULL, reader -> Boolean.TRUE);
  }

  private void updateState(DeviceState state) {
    knownState = state;
    ClientDataSession open = session;
    if (open != null && !open.isValidIn(state)) {
      open.end();
      session = null;
    }
  }

  /** {@inheritDoc} Sees to it that the state is reset too. */
  @Override
  public void reset() throws DeviceException {
    try {
      calls.reset();
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      // Servers are known that refuse it in the states of a stopped device.
      if (!isStopped(state())) {
        throw e;
      }
      quirks.recordRefusalWhileStopped();
      moveTo(DeviceState.RUNNING);
      calls.reset();
    }
    afterReset();
  }

  /** Tells whether a device stands still with its own state. */
  static boolean isStopped(DeviceState state) {
    return state == DeviceState.STOP || state == DeviceState.STOP_COPY;
  }

  /** The device has been reset. Servers are known that leave the migration state then. */
  private void afterReset() throws DeviceException {
    ClientDataSession open = session;
    if (open != null) {
      open.end();
      session = null;
    }
    DeviceState left = state();
    if (left == DeviceState.RUNNING) {
      return;
    }
    quirks.add(ServerQuirk.Kind.RESET_LEAVES_STATE,
        "a reset leaves the migration state: the device is moved to RUNNING afterwards, which cannot be done out of "
            + "RESUMING");
    if (left != DeviceState.RESUMING && left != DeviceState.ERROR) {
      moveTo(DeviceState.RUNNING);
      return;
    }
    throw new DeviceException(calls.name(), "reset", Errno.EIO,
        calls.name() + ": the server's reset leaves the device in " + left + "; restart the server", null);
  }

  @Override
  public void close() {
    // The connection is the client's.
  }
}
