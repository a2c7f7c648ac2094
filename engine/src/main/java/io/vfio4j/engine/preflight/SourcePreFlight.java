// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.preflight;

import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.StreamVersion;
import io.vfio4j.engine.codec.Compression;
import io.vfio4j.engine.connection.ExtraConnections;
import io.vfio4j.engine.connection.PeerFailedException;
import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.ownership.JournalWriter;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.stream.HelloFields;
import io.vfio4j.engine.stream.Preamble;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.util.TaskWaiter;
import io.vfio4j.model.MigratableDevice;
import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** The pre-flight of the source: its HELLO, the comparison, and the extra connections. No device is touched. */
public final class SourcePreFlight {

  private final DeviceSet deviceSet;
  private final DeviceGroup group;
  private final StreamConnection connection;
  private final Optional<Connections.TransportSupplier> extra;
  private final MigrationOptions options;
  private final JournalWriter journal;
  private final PhaseTracker tracker;

  public SourcePreFlight(MigrationContext context) {
    this.deviceSet = context.deviceSet();
    this.group = context.group();
    this.connection = context.connection();
    this.extra = context.extra();
    this.options = context.options();
    this.journal = context.journal();
    this.tracker = context.tracker();
  }

  /**
   * The result of the pre-flight.
   *
   * @param targets the target's devices, in the order of the source's
   * @param segments for each device, whether the ends of segments are marked
   * @param channels the extra connections
   * @param initialDataAcknowledged whether the target sends INITIAL_LOADED
   * @param confirmations whether the target answers SYNC
   * @param roundTrip the time until the target's HELLO arrived
   */
  public record Agreement(List<Hello.Device> targets, List<Boolean> segments,
      Optional<Hello.Channels> channels, boolean initialDataAcknowledged, boolean confirmations,
      Duration roundTrip) {

    public int deviceChannels() {
      return channels.map(Hello.Channels::devices).orElse(0);
    }
  }

  public Agreement run() throws IOException {
    tracker.enter(new Phase.PreFlight(), "to " + connection.peerName());
    List<Hello.Device> own = group.describe(TaskWaiter.unwatched());
    PreFlight.requireReady(own, options.noPeerDma());
    MigrationId migration = MigrationId.random();
    journal.begin(migration, group.devices(), connection.peerName());
    Hello hello = hello(own, migration);
    Duration sentAt = tracker.now();
    connection.out().sendHello(hello);
    Hello target = connection.receiveHello();
    Duration roundTrip = tracker.now().minus(sentAt);
    connection.adapt(connection.in().version(), options.timeouts());
    PreFlight.requireAccepted(PreFlight.compare(hello, target, options.noPeerDma()));
    List<Boolean> segments = new ArrayList<>();
    for (int i = 0; i < own.size(); i++) {
      segments.add(PreFlight.carriesSegments(own.get(i).segmentation(),
          target.devices().get(i).segmentation()));
    }
    return new Agreement(target.devices(), segments, hello.channels(),
        target.acknowledgesInitialData(),
        connection.in().version().minor() >= Preamble.FIRST_MINOR_WITH_CONFIRMATION, roundTrip);
  }

  /** Requests a comparison. No device is touched on either side, and nothing is recorded. */
  public Comparison compare(Predicate<MigratableDevice> resettable) throws IOException {
    List<Hello.Device> own = group.describe(TaskWaiter.unwatched(), resettable);
    Hello hello = hello(own, MigrationId.random()).with(HelloFields.DRY_RUN, true);
    connection.out().sendHello(hello);
    Comparison comparison = PreFlight.compare(hello, receiveAnswer(), options.noPeerDma());
    Optional<String> objection = objection();
    return objection.isPresent() ? comparison.withObjection(objection.get()) : comparison;
  }

  private Hello receiveAnswer() throws IOException {
    try {
      return connection.receiveHello();
    } catch (PeerFailedException e) {
      StreamVersion version = connection.in().version();
      if (version.minor() < Preamble.FIRST_MINOR_WITH_DRY_RUN) {
        throw new IOException(
            ("%s has version %s of the stream, which does not support a comparison without a migration; "
                + "nothing was touched, and a migration compares before it touches a device")
                .formatted(connection.peerName(), version),
            e);
      }
      throw e;
    }
  }

  /** Returns the objection of the target that is not in its HELLO, if any; it closes the connection after that. */
  private Optional<String> objection() throws IOException {
    try {
      throw connection.unexpected(connection.await(connection.timeout()), "after it was compared");
    } catch (PeerFailedException e) {
      return Optional.of(e.reason());
    } catch (EOFException e) {
      return Optional.empty();
    }
  }

  private Hello hello(List<Hello.Device> own, MigrationId migration) {
    return Hello.of(own, HelloRegions.ofSource(deviceSet.memory()))
        .with(HelloFields.ACKNOWLEDGES_INITIAL_DATA, true)
        .with(HelloFields.MIGRATION, Optional.of(migration))
        .with(HelloFields.CHANNELS, channels(migration))
        .with(HelloFields.COMPRESSION, Compression.algorithm(options.compression()));
  }

  /** A connection for each of several devices and some for memory, if more connections can be opened. */
  private Optional<Hello.Channels> channels(MigrationId migration) {
    int devices = group.size() > 1 || !deviceSet.memory().isEmpty() ? group.size() : 0;
    int memory = deviceSet.memory().isEmpty() ? 0 : options.channels();
    return extra.isEmpty() || devices + memory == 0
        ? Optional.empty()
        : Optional.of(new Hello.Channels(migration, devices, memory));
  }

  /** Opens the extra connections. */
  public ExtraConnections connect(Agreement agreement) throws IOException {
    return agreement.channels().isPresent() && extra.isPresent()
        ? ExtraConnections.connect(agreement.channels().get(), extra.get(), connection, options.timeouts(),
            tracker)
        : ExtraConnections.none();
  }
}
