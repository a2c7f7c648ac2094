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

/** What the source finds out before a device is touched, and the connections that follow from it. */
public final class SourcePreFlight {

  private final DeviceSet ensemble;
  private final DeviceGroup group;
  private final StreamConnection link;
  private final Optional<Connections.TransportSupplier> further;
  private final MigrationOptions options;
  private final JournalWriter diary;
  private final PhaseTracker narrator;

  public SourcePreFlight(DeviceSet ensemble, DeviceGroup group, StreamConnection link,
      Optional<Connections.TransportSupplier> further,
      MigrationOptions options, JournalWriter diary, PhaseTracker narrator) {
    this.ensemble = ensemble;
    this.group = group;
    this.link = link;
    this.further = further;
    this.options = options;
    this.diary = diary;
    this.narrator = narrator;
  }

  /**
   * What both sides agree on.
   *
   * @param targets the target's devices, in the order of the source's
   * @param segments of each device, whether the ends of segments go along
   * @param channels the connections besides the first
   * @param initialDataAcknowledged whether the target says when it has loaded all initial data
   * @param confirmations whether the target confirms, when it is asked, that it has loaded all that was sent
   * @param roundTrip how long the target took to introduce itself
   */
  public record Agreement(List<Hello.Device> targets, List<Boolean> segments,
      Optional<Hello.Channels> channels,
      boolean initialDataAcknowledged, boolean confirmations, Duration roundTrip) {

    public int deviceChannels() {
      return channels.map(Hello.Channels::devices).orElse(0);
    }
  }

  public Agreement run() throws IOException {
    narrator.enter(new Phase.PreFlight(), "to " + link.peerName());
    List<Hello.Device> own = group.describe(TaskWaiter.unwatched());
    PreFlight.requireReady(own, options.noPeerDma());
    MigrationId session = MigrationId.random();
    diary.begin(session, group.devices(), link.peerName());
    Hello introduction = hello(own, session);
    Duration asked = narrator.now();
    link.out().sendHello(introduction);
    Hello target = link.receiveHello();
    Duration roundTrip = narrator.now().minus(asked);
    link.adapt(link.in().version(), options.timeouts());
    PreFlight.requireAccepted(PreFlight.compare(introduction, target, options.noPeerDma()));
    List<Boolean> segments = new ArrayList<>();
    for (int i = 0; i < own.size(); i++) {
      segments.add(PreFlight.carriesSegments(own.get(i).segmentation(),
          target.devices().get(i).segmentation()));
    }
    return new Agreement(target.devices(), segments, introduction.channels(),
        target.acknowledgesInitialData(),
        link.in().version().minor() >= Preamble.FIRST_MINOR_WITH_CONFIRMATION, roundTrip);
  }

  /** Asks the target what it has, and compares; no device is touched on either side, and nothing is put down. */
  public Comparison compare(Predicate<MigratableDevice> expendable) throws IOException {
    List<Hello.Device> own = group.describe(TaskWaiter.unwatched(), expendable);
    Hello introduction = hello(own, MigrationId.random()).asDryRun();
    link.out().sendHello(introduction);
    Comparison comparison = PreFlight.compare(introduction, receiveAnswer(), options.noPeerDma());
    Optional<String> objection = objection();
    return objection.isPresent() ? comparison.withObjection(objection.get()) : comparison;
  }

  private Hello receiveAnswer() throws IOException {
    try {
      return link.receiveHello();
    } catch (PeerFailedException e) {
      StreamVersion version = link.in().version();
      if (version.minor() < Preamble.FIRST_MINOR_WITH_DRY_RUN) {
        throw new IOException(
            ("%s speaks version %s of the stream, in which nothing can be compared beforehand; "
                + "nothing was touched, and a migration compares all the same before it touches a device")
                .formatted(link.peerName(), version),
            e);
      }
      throw e;
    }
  }

  /** Returns what the target has against it besides what was compared; it closes when it has no more to say. */
  private Optional<String> objection() throws IOException {
    try {
      throw link.unexpected(link.await(link.timeout()), "after it was compared");
    } catch (PeerFailedException e) {
      return Optional.of(e.reason());
    } catch (EOFException e) {
      return Optional.empty();
    }
  }

  private Hello hello(List<Hello.Device> own, MigrationId session) {
    return Hello.of(own, HelloRegions.ofSource(ensemble.memory())).withAcknowledgement(true)
        .withMigration(session, channels(session))
        .withCompression(Compression.algorithm(options.compression()));
  }

  /** A connection for each of several devices and some for memory, where connections can be had. */
  private Optional<Hello.Channels> channels(MigrationId session) {
    int devices = group.size() > 1 || !ensemble.memory().isEmpty() ? group.size() : 0;
    int memory = ensemble.memory().isEmpty() ? 0 : options.channels();
    return further.isEmpty() || devices + memory == 0
        ? Optional.empty()
        : Optional.of(new Hello.Channels(session, devices, memory));
  }

  /** Makes the connections. */
  public ExtraConnections connect(Agreement agreement) throws IOException {
    return agreement.channels().isPresent() && further.isPresent()
        ? ExtraConnections.connect(agreement.channels().get(), further.get(), link, options.timeouts(),
            narrator)
        : ExtraConnections.none();
  }
}
