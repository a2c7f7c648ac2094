// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.connection.ExtraConnections;
import io.vfio4j.engine.connection.Heartbeat;
import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.device.PausableWorkload;
import io.vfio4j.engine.ownership.JournalWriter;
import io.vfio4j.engine.ownership.Ownership;
import io.vfio4j.engine.preflight.MigrationContext;
import io.vfio4j.engine.preflight.SourcePreFlight;
import io.vfio4j.engine.progress.DowntimeClock;
import io.vfio4j.engine.progress.Forecast;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.progress.Prediction;
import io.vfio4j.engine.source.PreCopyRounds;
import io.vfio4j.engine.source.SourceMemory;
import io.vfio4j.engine.source.SourceStreams;
import io.vfio4j.engine.source.Switchover;
import io.vfio4j.engine.source.SwitchoverDriver;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.stream.TargetCosts;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.Interrupts;
import io.vfio4j.engine.util.TaskWaiter;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One run of the source's side. The coordinating thread owns its state; {@link Ownership} is the part of it
 * that decides how a failure is recovered. The states of the run are the {@link Phase phases}, see {@code
 * package-info}.
 */
final class SourceRun implements AutoCloseable {

  private final MigrationContext context;
  private final DeviceGroup group;
  private final StreamConnection connection;
  private final MigrationOptions options;
  private final PausableWorkload workload;
  private final JournalWriter journal;
  private final PhaseTracker tracker;
  private final DowntimeClock parts;
  private Ownership ownership = Ownership.SOURCE;
  private final Heartbeat heartbeat;
  private ExtraConnections extraConnections = ExtraConnections.none();
  private @Nullable SourceMemory memory;

  SourceRun(MigrationContext context) {
    this.context = context;
    this.group = context.group();
    this.connection = context.connection();
    this.options = context.options();
    this.workload = context.workload();
    this.journal = context.journal();
    this.tracker = context.tracker();
    this.parts = new DowntimeClock(tracker);
    this.heartbeat = new Heartbeat(Side.SOURCE, options.timeouts().heartbeat());
  }

  /** The results of {@link #transfer}, from which the report is made. */
  private record Transfer(List<Hello.Device> targets, SourceStreams streams,
      List<MigrationReport.Round> rounds, Optional<Prediction> prediction, Switchover switchover,
      MigrationReport.TargetSummary summary) {
  }

  MigrationReport run() throws MigrationException {
    Transfer moved;
    try {
      moved = transfer();
    } catch (IOException | RuntimeException | Error e) {
      MigrationException failed =
          new SourceRecovery(context, ownership).recover(e);
      if (memory != null) {
        memory.stopLogs(e);
      }
      throw failed;
    }
    return finish(moved);
  }

  private Transfer transfer() throws IOException {
    SourcePreFlight preFlight = new SourcePreFlight(context);
    SourcePreFlight.Agreement agreement = preFlight.run();
    if (connection.peerSendsHeartbeats()) {
      connection.keepAliveAfterEnd();
      heartbeat.add(connection);
    }
    extraConnections = preFlight.connect(agreement);
    extraConnections.all().forEach(heartbeat::add);
    options.compression().ifPresent(how -> {
      connection.compressWith(how);
      extraConnections.all().forEach(extra -> extra.compressWith(how));
    });
    connection.expect(FrameKind.READY, connection.timeout());
    Optional<TargetCosts> targetCosts = TargetCosts.read(connection.in().body());
    context.deviceSet().handover().begin().ifPresent(tracker::note);
    heartbeat.add(connection); // Only from now on does the target read this connection while it waits for data on others.
    SourceStreams streams = new SourceStreams(context, extraConnections, agreement);
    memory = streams.memory().orElse(null);
    PreCopyRounds rounds =
        new PreCopyRounds(context, streams, Forecast.toTarget(options.maxDowntime(),
            targetCosts, journal.writeTime(JournalStep.PREPARED), agreement.roundTrip()),
            agreement.initialDataAcknowledged());
    rounds.begin();
    Switchover switchover =
        new SwitchoverDriver(context, streams, parts).run(rounds::run,
            rounds::quiesceFailed);
    switchover.run();
    Optional<Prediction> prediction = streams.prediction();
    MigrationReport.TargetSummary summary = handover(streams);
    return new Transfer(agreement.targets(), streams, rounds.rounds(), prediction, switchover, summary);
  }

  /** Sends COMMIT and waits for CONFIRMED. */
  private MigrationReport.TargetSummary handover(SourceStreams streams) throws IOException {
    tracker.enter(new Phase.Handover(), "the target has everything");
    Interrupts.check();
    context.deviceSet().handover().prepare();
    streams.acks().poll(); // The last check of the connection before COMMIT: a target that is gone costs nothing yet.
    journal.write(JournalStep.GIVEN, "the target has loaded everything");
    if (journal.isEnabled()) {
      parts.endPart(DowntimeParts.Part.RECORDING);
    }
    context.deviceSet().handover().commit();
    tracker.ignoreListenerFailures();
    ownership = Ownership.HANDOVER; // From just before the first byte: how much of the frame arrives is unknown.
    connection.out().send(FrameKind.COMMIT);
    connection.expect(FrameKind.CONFIRMED, connection.timeout());
    ownership = Ownership.TARGET;
    ByteBuffer body = connection.in().body();
    parts.endPart(DowntimeParts.Part.STARTING);
    return new MigrationReport.TargetSummary(body.getLong(), Duration.ofNanos(body.getLong()),
        Duration.ofNanos(body.getLong()));
  }

  /** Completes a run whose devices are the target's; no failure rolls the migration back any more. */
  private MigrationReport finish(Transfer moved) {
    workload.tryResume(Side.TARGET, tracker);
    parts.endPart(DowntimeParts.Part.RESUMING);
    // Not part of the downtime, and not earlier: until CONFIRMED the state must be kept. But before the record, which
    // settles the migration: until then, recovery releases the source of a process that has died.
    boolean isStopNeeded;
    Optional<String> releaseFailure = Optional.empty();
    try {
      isStopNeeded = !context.deviceSet().handover().complete();
    } catch (IOException | RuntimeException | Error e) {
      isStopNeeded = false; // It stays as it was surrendered.
      releaseFailure = Optional.of(Exceptions.message(e));
    }
    journal.tryWrite(JournalStep.CONFIRMED, "the target has confirmed that it runs the devices");
    tracker.enter(new Phase.Done(), "the target has confirmed that it runs the devices");
    if (isStopNeeded) {
      stopSource();
    }
    return report(moved, releaseFailure);
  }

  private void stopSource() {
    try {
      group.move(DeviceState.STOP, "the devices run at the target", TaskWaiter.unwatched());
    } catch (IOException | RuntimeException | Error e) {
      tracker.note("the source could not be moved to STOP: " + Exceptions.message(e));
    }
  }

  private MigrationReport report(Transfer moved, Optional<String> releaseFailure) {
    List<MigrationReport.DeviceReport> devices = new ArrayList<>();
    for (int i = 0; i < group.size(); i++) {
      devices.add(new MigrationReport.DeviceReport(group.devices().get(i).device().identity(),
          moved.targets().get(i).identity(), moved.streams().senders().get(i).bytes(),
          moved.switchover().devices().get(i)));
    }
    Duration total = tracker.now();
    Duration downtime = parts.total();
    return new MigrationReport(devices, moved.streams().memory().map(SourceMemory::report), total, downtime,
        parts.parts(),
        moved.prediction().map(Prediction::parts), moved.streams().accounting().bytes(),
        moved.switchover().bytes(),
        moved.streams().accounting().compressed(options.compression()),
        tracker.phaseTimes(), moved.rounds(), moved.summary(),
        MigrationReport.NOT_CARRIED, tracker.notes(), workload.resumeFailure(), releaseFailure);
  }

  @Override
  public void close() {
    heartbeat.close();
    extraConnections.close();
    if (memory != null) {
      memory.close();
    }
  }
}
