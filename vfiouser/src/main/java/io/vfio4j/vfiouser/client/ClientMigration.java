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
import io.vfio4j.vfiouser.exchange.ServerQuirks;
import io.vfio4j.vfiouser.quirk.ServerQuirk;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The client's side of DEVICE_FEATURE: version 2 of the migration interface, and the DMA log.
 *
 * <p>
 * Moves, resets and data sessions belong to one thread; {@link #knownState} may be read by any.
 */
final class ClientMigration implements MigratableDevice {

  private final ClientContext context;
  private final ClientCalls calls;
  private final ClientCalls migrationCalls;
  private final DeviceIdentity identity;
  private final ClientPreCopyInfo preCopyInfo;
  private final long migrationFlags;
  private final MigrationFeatures features;
  private final @Nullable DmaLog dmaLog;
  private final ServerQuirks quirks;
  /** The last state read or set. No other client can change it while this one is connected. */
  private volatile DeviceState knownState = DeviceState.RUNNING;
  private @Nullable ClientDataSession session;
  private boolean paddingRecorded;

  ClientMigration(ClientContext context, DeviceIdentity identity, ClientDmaMappings mappings)
      throws DeviceException {
    this.context = context;
    this.identity = identity;
    calls = context.calls();
    migrationCalls = calls.forMigration();
    quirks = context.quirks();
    preCopyInfo = new ClientPreCopyInfo(context);
    migrationFlags = readMigrationFlags();
    features = MigrationFeatures.fromFlags(migrationFlags);
    dmaLog = supports(Feature.DMA_LOGGING_START | Feature.SET)
        ? new ClientDmaLog(context, mappings)
        : null;
    if (features.canMigrate()) {
      recordInitialQuirks(state());
    }
  }

  private void recordInitialQuirks(DeviceState state) {
    if (!features.has(MigrationFeature.P2P)) {
      quirks.add(ServerQuirk.Kind.NO_P2P, "no P2P states: moves omit RUNNING_P2P and PRE_COPY_P2P");
    }
    if (state != DeviceState.RUNNING) {
      quirks.add(ServerQuirk.Kind.NOT_RUNNING,
          "in %s when this client connected: left so by an earlier client".formatted(state));
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
    return context.limits();
  }

  ClientPreCopyInfo preCopyInfo() {
    return preCopyInfo;
  }

  ClientCalls calls() {
    return calls;
  }

  /** Returns calls with the timeout of exchanges that carry the device's state. */
  ClientCalls migrationCalls() {
    return migrationCalls;
  }

  /** Records that the server pads its data. */
  void recordPadding() {
    if (!paddingRecorded) {
      paddingRecorded = true;
      quirks.add(ServerQuirk.Kind.PADS_DATA,
          "data is padded to the requested size: the padding is ignored");
    }
  }

  /** Returns the last known state, without a request. */
  DeviceState knownState() {
    return knownState;
  }

  private long readMigrationFlags() throws DeviceException {
    // Servers without migration refuse this with different errnos.
    return ClientCalls.unlessRefused(() -> readFeatureLong("read the migration features", Feature.MIGRATION))
        .orElse(0L);
  }

  /** Probes the server for all features, including unknown ones. */
  OfferedFeatures offeredFeatures() throws DeviceException {
    return OfferedFeatures.probe(this::supports, migrationFlags);
  }

  /**
   * Probes for a feature.
   *
   * @param feature its index, optionally with {@link Feature#GET} or {@link Feature#SET}
   */
  private boolean supports(int feature) throws DeviceException {
    return ClientCalls.unlessRefused(
        () -> calls.call("probe for feature " + (feature & Feature.INDEX_MASK), Command.DEVICE_FEATURE,
            head -> FeatureRequests.encode(head, feature | Feature.PROBE, 0), MemorySegment.NULL,
            reader -> Boolean.TRUE))
        .isPresent();
  }

  private long readFeatureLong(String action, int index) throws DeviceException {
    return calls.call(action, Command.DEVICE_FEATURE,
        head -> FeatureRequests.encode(head, index | Feature.GET, Long.BYTES),
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

  /** Reads the state of a device that can migrate. */
  static DeviceState readState(ClientCalls calls) throws DeviceException {
    return calls.call("read the device state", Command.DEVICE_FEATURE,
        head -> FeatureRequests.encode(head, Feature.MIG_DEVICE_STATE | Feature.GET,
            FeatureRequests.STATE_SIZE),
        MemorySegment.NULL,
        reader -> {
          int at = ClientCalls.readBody(reader, Feature.SIZE + FeatureRequests.STATE_SIZE);
          int value = reader.buffer().segment().get(LittleEndian.U32, at + Feature.SIZE);
          return DeviceState.fromWire(value)
              .orElseThrow(() -> new ProtocolException(
                  "unknown device state " + Integer.toUnsignedString(value) + " (expected 0 to 7)"));
        });
  }

  @Override
  public OptionalLong stopCopyLength() throws DeviceException {
    if (!features.canMigrate()) {
      return OptionalLong.empty();
    }
    return ClientCalls.unlessRefused(FeatureRequests.UNSUPPORTED,
        () -> readFeatureLong("read the size of the state", Feature.MIG_DATA_SIZE))
        .map(size -> OptionalLong.of(Math.max(0, size))).orElse(OptionalLong.empty());
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
      // The error does not say which state the device is in now.
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
      DeviceState reached, @Nullable Throwable cause) {
    return new TransitionException(calls.name(), from, target, errno, reached, cause);
  }

  private void setState(DeviceState target) throws DeviceException {
    migrationCalls.call("move to " + target, Command.DEVICE_FEATURE,
        head -> FeatureRequests.setState(head, target.wireValue()), MemorySegment.NULL,
        reader -> Boolean.TRUE);
  }

  private void updateState(DeviceState state) {
    knownState = state;
    ClientDataSession open = session;
    if (open != null && !open.isValidIn(state)) {
      open.end();
      session = null;
    }
  }

  /** {@inheritDoc} Resets the migration state too, also with servers whose DEVICE_RESET does not. */
  @Override
  public void reset() throws DeviceException {
    try {
      calls.reset();
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      // Some servers refuse it while the device is stopped.
      if (!isStopped(state())) {
        throw e;
      }
      quirks.recordRefusalWhileStopped();
      moveTo(DeviceState.RUNNING);
      calls.reset();
    }
    afterReset();
  }

  /** Returns whether a device in this state is stopped with its state intact. */
  static boolean isStopped(DeviceState state) {
    return state == DeviceState.STOP || state == DeviceState.STOP_COPY;
  }

  /**
   * Ends the session and moves the device to RUNNING: some servers leave the migration state unchanged by a
   * reset.
   */
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
        "a reset leaves the migration state unchanged: the device is moved to RUNNING afterwards, which is "
            + "impossible from RESUMING");
    if (left != DeviceState.RESUMING && left != DeviceState.ERROR) {
      moveTo(DeviceState.RUNNING);
      return;
    }
    throw new DeviceException(calls.name(), "reset", Errno.EIO,
        calls.name() + ": the reset left the device in " + left + "; restart the server", null);
  }

  @Override
  public void close() {
    // The client owns the connection.
  }
}
