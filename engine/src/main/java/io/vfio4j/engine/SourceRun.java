// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One run of the source's side, from the first check to the last move. */
final class SourceRun implements AutoCloseable {

  private final Ensemble ensemble;
  private final DeviceGroup group;
  private final Link link;
  private final Optional<Connections.Further> further;
  private final MigrationOptions options;
  private final PausableWorkload workload;
  private final Diary diary;
  private final Narrator narrator;
  private final DowntimeClock parts;
  private Custody custody = Custody.SOURCE;
  private final Heartbeat heartbeat;
  private FurtherLinks furtherLinks = FurtherLinks.none();
  private @Nullable SourceMemory memory;

  SourceRun(Ensemble ensemble, DeviceGroup group, Link link, Optional<Connections.Further> further,
      MigrationOptions options, PausableWorkload workload, Diary diary, Narrator narrator) {
    this.ensemble = ensemble;
    this.group = group;
    this.link = link;
    this.further = further;
    this.options = options;
    this.workload = workload;
    this.diary = diary;
    this.narrator = narrator;
    this.parts = new DowntimeClock(narrator);
    this.heartbeat = new Heartbeat(Side.SOURCE, options.timeouts().heartbeat());
  }

  /** What the source's way led to. */
  private record Moved(List<Hello.Device> targets, SourceStreams streams, List<MigrationReport.Round> rounds,
      Optional<Prediction> prediction, Switchover switchover, MigrationReport.TargetSummary summary) {
  }

  MigrationReport run() throws MigrationException {
    Moved moved;
    try {
      moved = move();
    } catch (IOException | RuntimeException | Error e) {
      MigrationException failed =
          new SourceRecovery(group, link, workload, diary, narrator, custody, options).recover(e);
      if (memory != null) {
        memory.stopLogs(e);
      }
      throw failed;
    }
    return complete(moved);
  }

  private Moved move() throws IOException {
    SourcePreFlight preFlight = new SourcePreFlight(ensemble, group, link, further, options, diary, narrator);
    SourcePreFlight.Agreement agreement = preFlight.run();
    if (link.peerGivesSigns()) {
      link.talksOn();
      heartbeat.add(link);
    }
    furtherLinks = preFlight.connect(agreement);
    furtherLinks.all().forEach(heartbeat::add);
    options.compression().ifPresent(how -> {
      link.compressWith(how);
      furtherLinks.all().forEach(further -> further.compressWith(how));
    });
    link.expect(FrameKind.READY, link.stall());
    Optional<TargetCosts> targetCosts = TargetCosts.take(link.in().body());
    heartbeat.add(link); // From now on also one reads it that takes it from who sends data alone.
    SourceStreams streams = new SourceStreams(ensemble, group, link, furtherLinks, agreement,
        workload.workload(), options, narrator);
    memory = streams.memory().orElse(null);
    PreCopyRounds rounds =
        new PreCopyRounds(streams, options, narrator, Forecast.toTarget(options.maxDowntime(),
            targetCosts, diary.took(JournalStep.PREPARED), agreement.roundTrip()), agreement.acknowledged());
    rounds.begin();
    Switchover switchover =
        new WayDown(streams, workload, options, narrator, parts).run(rounds::run, rounds::quiesceFailed);
    switchover.run();
    Optional<Prediction> prediction = streams.prediction();
    MigrationReport.TargetSummary summary = handOver(streams);
    return new Moved(agreement.targets(), streams, rounds.rounds(), prediction, switchover, summary);
  }

  /** Gives the devices away, and hears what the target makes of them. */
  private MigrationReport.TargetSummary handOver(SourceStreams streams) throws IOException {
    narrator.enter(new Phase.Handover(), "the target has everything");
    Interrupted.check();
    streams.control().hear(); // The last moment at which a target that is gone costs nothing.
    diary.write(JournalStep.GIVEN, "the target has loaded everything");
    if (diary.isKept()) {
      parts.ends(DowntimeParts.Part.RECORDING);
    }
    narrator.shield();
    custody = Custody.PASSING; // From just before the first byte: nobody can tell how much of it arrives.
    link.out().send(FrameKind.YOURS);
    link.expect(FrameKind.CONFIRMED, link.stall());
    custody = Custody.TARGET;
    ByteBuffer body = link.in().body();
    parts.ends(DowntimeParts.Part.STARTING);
    return new MigrationReport.TargetSummary(body.getLong(), Duration.ofNanos(body.getLong()),
        Duration.ofNanos(body.getLong()));
  }

  /** What is done once the devices are the target's; nothing of it can undo the migration any more. */
  private MigrationReport complete(Moved moved) {
    try {
      workload.resume(Side.TARGET);
    } catch (IOException | RuntimeException | Error e) {
      narrator.note("the workload did not resume, and stays paused: " + Suppression.message(e));
    }
    parts.ends(DowntimeParts.Part.RESUMING);
    diary.note(JournalStep.CONFIRMED, "the target has confirmed that it runs the devices");
    narrator.enter(new Phase.Done(), "the target has confirmed that it runs the devices");
    // Only now, and not as a part of the downtime: until here the state was to be kept.
    try {
      group.move(DeviceState.STOP, "the devices run at the target", Waiting.alone());
    } catch (IOException | RuntimeException | Error e) {
      narrator.note("the source could not be moved to STOP: " + Suppression.message(e));
    }
    return report(moved);
  }

  private MigrationReport report(Moved moved) {
    List<MigrationReport.DeviceReport> devices = new ArrayList<>();
    for (int i = 0; i < group.size(); i++) {
      devices.add(new MigrationReport.DeviceReport(group.devices().get(i).device().identity(),
          moved.targets().get(i).identity(), moved.streams().pumps().get(i).bytes(),
          moved.switchover().devices().get(i)));
    }
    Duration total = narrator.now();
    Duration downtime = parts.total();
    return new MigrationReport(devices, moved.streams().memory().map(SourceMemory::report), total, downtime,
        parts.parts(),
        moved.prediction().map(Prediction::parts), moved.streams().traffic().bytes(),
        moved.switchover().bytes(),
        moved.streams().traffic().compressed(options.compression()),
        narrator.phaseTimes(), moved.rounds(), moved.summary(),
        MigrationReport.NOT_CARRIED, narrator.notes(), workload.resumeFailure());
  }

  @Override
  public void close() {
    heartbeat.close();
    furtherLinks.close();
    if (memory != null) {
      memory.close();
    }
  }
}
