// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What the source finds out before a device is touched, and the connections that follow from it. */
final class SourcePreFlight {

  private final Ensemble ensemble;
  private final DeviceGroup group;
  private final Link link;
  private final Optional<Connections.Further> further;
  private final MigrationOptions options;
  private final Diary diary;
  private final Narrator narrator;

  SourcePreFlight(Ensemble ensemble, DeviceGroup group, Link link, Optional<Connections.Further> further,
      MigrationOptions options, Diary diary, Narrator narrator) {
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
   * @param acknowledged whether the target says when it has loaded all initial data
   */
  record Agreement(List<Hello.Device> targets, List<Boolean> segments, Optional<Hello.Channels> channels,
      boolean acknowledged) {

    int deviceChannels() {
      return channels.map(Hello.Channels::devices).orElse(0);
    }
  }

  Agreement run() throws IOException {
    narrator.enter(new Phase.PreFlight(), "to " + link.peerName());
    List<Hello.Device> own = introduce(group);
    PreFlight.requireMigratable(own);
    PreFlight.requireGraceStates(own, options.noPeerDma());
    Session session = Session.random();
    Optional<Hello.Channels> channels = channels(session);
    diary.begin(session, group.devices(), link.peerName());
    Hello introduction = Hello.of(own, ensemble.memory().introduced()).withAcknowledgement(true)
        .withSession(session, channels)
        .withCompression(Compression.algorithm(options.compression()));
    link.out().sendHello(introduction);
    Hello target = link.receiveHello();
    PreFlight.requireMatch(introduction, target);
    PreFlight.requireGraceStates(target.devices(), options.noPeerDma());
    List<Boolean> segments = new ArrayList<>();
    for (int i = 0; i < own.size(); i++) {
      segments.add(PreFlight.carriesSegments(own.get(i).segmentation(),
          target.devices().get(i).segmentation()));
    }
    return new Agreement(target.devices(), segments, channels, target.acknowledges());
  }

  /** Asks the devices who they are; all have to be in RUNNING. */
  static List<Hello.Device> introduce(DeviceGroup group) throws IOException {
    List<Hello.Device> devices = group.introduce(Waiting.alone());
    PreFlight.requireRunning(devices);
    return devices;
  }

  /** A connection for each of several devices and some for memory, where connections can be had. */
  private Optional<Hello.Channels> channels(Session session) {
    int devices = group.size() > 1 || !ensemble.memory().isEmpty() ? group.size() : 0;
    int memory = ensemble.memory().isEmpty() ? 0 : options.channels();
    return further.isEmpty() || devices + memory == 0
        ? Optional.empty()
        : Optional.of(new Hello.Channels(session, devices, memory));
  }

  /** Makes the connections. */
  FurtherLinks connect(Agreement agreement) throws IOException {
    return agreement.channels().isPresent() && further.isPresent()
        ? FurtherLinks.connect(agreement.channels().get(), further.get(), options.stallTimeout(), narrator)
        : FurtherLinks.none();
  }
}
