// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** One run of the source's side, from the first check to the last move. */
final class SourceRun {

  private final MovedDevice device;
  private final Link link;
  private final MigrationOptions options;
  private final PausableWorkload workload;
  private final Narrator narrator;
  private Custody custody = Custody.SOURCE;

  SourceRun(MovedDevice device, Link link, MigrationOptions options, PausableWorkload workload,
      Narrator narrator) {
    this.device = device;
    this.link = link;
    this.options = options;
    this.workload = workload;
    this.narrator = narrator;
  }

  /** What the source's way led to. */
  private record Moved(Hello.Device target, Duration downtimeBegan, List<MigrationReport.Round> rounds,
      Optional<Prediction> prediction, long bytes, long stopCopyBytes,
      MigrationReport.TargetSummary summary) {
  }

  MigrationReport run() throws MigrationException {
    Moved moved;
    try {
      moved = move();
    } catch (IOException | RuntimeException | Error e) {
      throw new SourceRecovery(device, link, workload, narrator, custody).recover(e);
    }
    return complete(moved);
  }

  private Moved move() throws IOException {
    Duration began = narrator.now();
    Hello.Device target = preFlight();
    Duration roundTrip = narrator.now().minus(began);
    link.expect(FrameKind.READY, link.stall());
    boolean segments = PreFlight.carriesSegments(device.device().segmentation(), target.segmentation());
    Pump pump = new Pump(link, narrator, options.maxBandwidth(), segments);
    PreCopyRounds preCopy = new PreCopyRounds(device, link, pump, options, narrator, roundTrip);
    if (options.preCopy() && device.has(MigrationFeature.PRE_COPY)) {
      preCopy.run();
    }
    Optional<Prediction> prediction = pump.prediction();
    Switchover switchover = new Switchover(device, link, pump, workload, options, narrator);
    Duration downtimeBegan = switchover.run();
    MigrationReport.TargetSummary summary = handOver();
    return new Moved(target, downtimeBegan, preCopy.rounds(), prediction, pump.bytes(), switchover.bytes(),
        summary);
  }

  private Hello.Device preFlight() throws IOException {
    narrator.enter(new Phase.PreFlight(), "to " + link.peerName());
    PreFlight.requireRunning(device);
    Hello.Device own = Hello.Device.of(device.device());
    PreFlight.requireMigratable(own);
    link.out().sendHello(new Hello(List.of(own)));
    Hello.Device target = link.receiveHello().onlyDevice();
    PreFlight.requireMatch(own, target);
    return target;
  }

  /** Gives the device away, and hears what the target makes of it. */
  private MigrationReport.TargetSummary handOver() throws IOException {
    narrator.enter(new Phase.Handover(), "the target has everything");
    Interrupted.check();
    link.checkComplaint(); // The last moment at which a target that is gone costs nothing.
    narrator.shield();
    custody = Custody.PASSING; // From just before the first byte: nobody can tell how much of it arrives.
    link.out().send(FrameKind.YOURS);
    link.expect(FrameKind.CONFIRMED, link.stall());
    custody = Custody.TARGET;
    ByteBuffer body = link.in().body();
    return new MigrationReport.TargetSummary(body.getLong(), Duration.ofNanos(body.getLong()),
        Duration.ofNanos(body.getLong()));
  }

  /** What is done once the device is the target's; nothing of it can undo the migration any more. */
  private MigrationReport complete(Moved moved) {
    try {
      workload.resume(Side.TARGET);
    } catch (IOException | RuntimeException | Error e) {
      narrator.note("the workload did not go on: " + Words.of(e));
    }
    Duration downtime = narrator.now().minus(moved.downtimeBegan());
    narrator.enter(new Phase.Done(), "the target has confirmed that it runs the device");
    try {
      // Only now, and not as a part of the downtime: until here the state was to be kept.
      device.move(DeviceState.STOP, "the device runs at the target");
    } catch (IOException | RuntimeException | Error e) {
      narrator.note("the source could not be moved to STOP: " + Words.of(e));
    }
    return new MigrationReport(device.device().identity(), moved.target().identity(), narrator.now(),
        downtime,
        moved.prediction().map(Prediction::downtime), moved.bytes(), moved.stopCopyBytes(),
        narrator.phaseTimes(),
        moved.rounds(), moved.summary(), MigrationReport.NOT_CARRIED, narrator.notes());
  }
}
