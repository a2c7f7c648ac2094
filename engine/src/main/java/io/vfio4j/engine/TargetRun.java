// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;

/** One run of the target's side, from the first check to the confirmation. */
final class TargetRun {

  private final MovedDevice device;
  private final Link link;
  private final Narrator narrator;
  private TargetPledge pledge = TargetPledge.NONE;
  private long bytes;
  private MemorySegment lastData;
  private boolean segments;

  TargetRun(MovedDevice device, Link link, Narrator narrator) {
    this.device = device;
    this.link = link;
    this.narrator = narrator;
    this.lastData = link.in().payload();
  }

  TargetReport run() throws MigrationException {
    Hello.Device source;
    MigrationReport.TargetSummary summary;
    try {
      source = preFlight();
      load();
      Duration validating = validate();
      awaitOwnership();
      summary = new MigrationReport.TargetSummary(bytes, validating, start());
    } catch (IOException | RuntimeException | Error e) {
      throw new TargetRecovery(device, link, narrator, pledge).recover(e);
    }
    return complete(source, summary);
  }

  private Hello.Device preFlight() throws IOException {
    narrator.enter(new Phase.PreFlight(), "from " + link.peerName());
    Hello.Device source = link.receiveHello().onlyDevice();
    Hello.Device own = Hello.Device.of(device.device());
    link.out().sendHello(new Hello(List.of(own)));
    PreFlight.requireMatch(source, own);
    segments = PreFlight.carriesSegments(source.segmentation(), own.segmentation());
    PreFlight.requireRunning(device);
    return source;
  }

  private void load() throws IOException {
    narrator.enter(new Phase.Loading(), "the devices match");
    device.reset("a clean beginning");
    device.move(DeviceState.RESUMING, "loading");
    link.out().send(FrameKind.READY);
    for (FrameKind kind = next(); kind != FrameKind.END; kind = next()) {
      switch (kind) {
        case DATA -> write();
        case ROUND, ALIVE -> {
          // They only say that the source is at work.
        }
        default -> throw link.unexpected(kind, "while it sends data");
      }
    }
  }

  private FrameKind next() throws IOException {
    return link.await(link.stall());
  }

  private void write() throws IOException {
    FrameReader in = link.in();
    if (in.device() != 0) {
      throw new StreamException("data for device %d, of which there is none".formatted(in.device()));
    }
    if (lastData.byteSize() != in.length()) { // Frames are mostly of one size: one view serves them all.
      lastData = in.payload().asSlice(0, in.length());
    }
    device.write(lastData);
    bytes += in.length();
    if (in.endsSegment()) {
      if (!segments) {
        throw new StreamException("a segment ends, though not both devices have any");
      }
      device.endSegment();
    }
  }

  private Duration validate() throws IOException {
    Duration before = narrator.now();
    device.move(DeviceState.STOP, "everything is here; the device checks it");
    return narrator.now().minus(before);
  }

  private void awaitOwnership() throws IOException {
    narrator.enter(new Phase.Handover(), "the device has accepted the state");
    device.ask(); // A device that is gone by now must not look loaded.
    pledge = TargetPledge.LOADED; // From just before the first byte: the source may act on it.
    link.out().send(FrameKind.LOADED);
    link.expect(FrameKind.YOURS, link.stall());
    narrator.shield();
  }

  /**
   * Starts the device, once it has answered: one that is gone before it was told to run can be given back.
   */
  private Duration start() throws IOException {
    device.ask();
    pledge = TargetPledge.STARTING;
    Duration before = narrator.now();
    if (device.has(MigrationFeature.P2P)) {
      device.move(DeviceState.RUNNING_P2P, "the device is ours");
    }
    device.move(DeviceState.RUNNING, "the device is ours");
    return narrator.now().minus(before);
  }

  /** Tells the source; the device runs here whether or not that arrives. */
  private TargetReport complete(Hello.Device source, MigrationReport.TargetSummary summary) {
    boolean sourceKnows = true;
    try {
      link.out().sendConfirmed(summary);
    } catch (IOException | RuntimeException | Error e) {
      sourceKnows = false;
      narrator.note("the source could not be told that the device runs here: " + Words.of(e));
    }
    narrator.enter(new Phase.Done(), "the device runs");
    return new TargetReport(device.device().identity(), source.identity(), narrator.now(),
        narrator.phaseTimes(),
        summary, sourceKnows, MigrationReport.NOT_CARRIED, narrator.notes());
  }
}
