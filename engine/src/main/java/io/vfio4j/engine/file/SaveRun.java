// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.SavedState;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.codec.Compression;
import io.vfio4j.engine.connection.ExtraConnections;
import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.device.PausableWorkload;
import io.vfio4j.engine.output.AtomicFile;
import io.vfio4j.engine.policy.Decision;
import io.vfio4j.engine.preflight.HelloRegions;
import io.vfio4j.engine.preflight.MigrationContext;
import io.vfio4j.engine.preflight.PreFlight;
import io.vfio4j.engine.preflight.SourcePreFlight;
import io.vfio4j.engine.progress.DowntimeClock;
import io.vfio4j.engine.progress.Forecast;
import io.vfio4j.engine.progress.NotConvergingException;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.progress.Prediction;
import io.vfio4j.engine.source.PreCopyRounds;
import io.vfio4j.engine.source.SourceMemory;
import io.vfio4j.engine.source.SourceStreams;
import io.vfio4j.engine.source.Switchover;
import io.vfio4j.engine.source.SwitchoverDriver;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.stream.HelloFields;
import io.vfio4j.engine.stream.SaveTrailer;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.TaskWaiter;
import io.vfio4j.engine.util.Units;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One save of a state to a file, from the first check to the file in its place. For the coordinator's thread. */
final class SaveRun implements AutoCloseable {

  private final MigrationContext context;
  private final DeviceGroup group;
  private final StreamConnection connection;
  private final AtomicFile file;
  private final boolean stop;
  private final MigrationOptions options;
  private final PausableWorkload workload;
  private final PhaseTracker tracker;
  private final DowntimeClock parts;
  private @Nullable SourceMemory memory;

  SaveRun(MigrationContext context, AtomicFile file, boolean stop) {
    this.context = context;
    this.group = context.group();
    this.connection = context.connection();
    this.options = context.options();
    this.workload = context.workload();
    this.tracker = context.tracker();
    this.file = file;
    this.stop = stop;
    this.parts = new DowntimeClock(tracker);
  }

  /** Everything has been sent, and the devices are stopped. */
  private record Transfer(SourceStreams streams, List<MigrationReport.Round> rounds, Switchover switchover,
      Instant stoppedAt) {
  }

  SaveReport run() throws MigrationException {
    try {
      Transfer sent = send();
      long fileBytes = stop ? finishStopped(sent) : resumeAndFinish(sent);
      tracker.enter(new Phase.Done(), "the file is in its place");
      return report(sent, fileBytes);
    } catch (IOException | RuntimeException | Error e) {
      MigrationException failed = recovery().recover(e);
      stopLogs(e);
      throw failed;
    }
  }

  private SaveRecovery recovery() {
    return new SaveRecovery(context, file, stop);
  }

  private Transfer send() throws IOException {
    SourceStreams streams = new SourceStreams(context, ExtraConnections.none(), sendHello());
    memory = streams.memory().orElse(null);
    PreCopyRounds rounds =
        new PreCopyRounds(context, streams, Forecast.toFile(options.maxDowntime()), false);
    SwitchoverDriver driver = new SwitchoverDriver(context, streams, parts);
    Switchover switchover;
    if (stop) {
      switchover = driver.run(SaveRun::stopImmediately, this::failQuiesce);
    } else {
      rounds.begin();
      switchover = driver.run(rounds::run, rounds::quiesceFailed);
    }
    Instant stoppedAt = Instant.now();
    switchover.sendRest();
    parts.endPart(DowntimeParts.Part.SENDING);
    return new Transfer(streams, rounds.rounds(), switchover, stoppedAt);
  }

  private SourcePreFlight.Agreement sendHello() throws IOException {
    tracker.enter(new Phase.PreFlight(), "to " + connection.peerName());
    List<Hello.Device> own = group.describe(TaskWaiter.unwatched());
    PreFlight.requireReady(own, options.noPeerDma());
    connection.out().sendHello(Hello.of(own, HelloRegions.ofFile(context.deviceSet().memory()))
        .with(HelloFields.COMPRESSION, Compression.algorithm(options.compression())));
    options.compression().ifPresent(connection::compressWith);
    // A device that loads the file may have segments, and then needs their ends.
    return new SourcePreFlight.Agreement(own,
        own.stream().map(device -> device.segmentation().isPresent()).toList(), Optional.empty(), false,
        false, Duration.ZERO);
  }

  /** The devices stay stopped, so pre-copy would only send data twice. */
  private static Decision.SwitchOver stopImmediately() {
    return new Decision.SwitchOver(Optional.empty(), "the devices stay stopped");
  }

  private void failQuiesce() throws NotConvergingException {
    throw new NotConvergingException(
        "the devices did not quiesce peer-to-peer DMA within %s; allow them more time (--max-quiesce)"
            .formatted(Units.duration(options.maxQuiesce())));
  }

  /** The state is in the file, although not on disk yet; the source does not need it any more. */
  private long resumeAndFinish(Transfer sent) throws IOException, MigrationException {
    tracker.enter(new Phase.Resuming(), "everything has been written; the devices resume");
    try {
      group.setRunning("its state has been written", TaskWaiter.unwatched());
      parts.endPart(DowntimeParts.Part.RESTARTING);
    } catch (IOException | RuntimeException | Error e) {
      throw finishAfterFailure(sent, e);
    }
    resumeWorkload();
    tryStopLogs();
    return finish(new SaveTrailer(SavedState.Source.RUNNING, sent.stoppedAt(), parts.total()));
  }

  private void resumeWorkload() {
    workload.tryResume(Side.SOURCE, tracker);
    parts.endPart(DowntimeParts.Part.RESUMING);
  }

  /** Devices that did not resume may have lost their state, so the file is completed. */
  private MigrationException finishAfterFailure(Transfer sent, Throwable failure) {
    SaveRecovery recovery = recovery();
    MigrationException failed = recovery.recover(failure);
    stopLogs(failure);
    try {
      finish(new SaveTrailer(SavedState.Source.UNKNOWN, sent.stoppedAt(), Duration.ZERO));
      return recovery.withFile(failed);
    } catch (IOException | RuntimeException | Error e) {
      Exceptions.suppress(failure, e);
      return failed;
    }
  }

  /** The devices stay stopped until the file is on disk. */
  private long finishStopped(Transfer sent) throws IOException {
    tryStopLogs();
    long fileBytes = finish(new SaveTrailer(SavedState.Source.STOPPED, sent.stoppedAt(), Duration.ZERO));
    try {
      group.move(DeviceState.STOP, "its state is in the file", TaskWaiter.unwatched());
    } catch (IOException | RuntimeException | Error e) {
      tracker.note("the source could not be moved to STOP: " + Exceptions.message(e));
    }
    return fileBytes;
  }

  private long finish(SaveTrailer trailer) throws IOException {
    tracker.enter(new Phase.Finishing(), "the file is completed and synced to disk");
    connection.out().sendTrailer(trailer);
    connection.out().sendEnd();
    long size = file.size();
    file.publish();
    tracker.ignoreListenerFailures(); // From here on nothing removes the file.
    return size;
  }

  /** The state is complete: a log that does not stop is not a reason to fail. */
  private void tryStopLogs() {
    if (memory != null) {
      try {
        memory.stopLogs();
      } catch (IOException | RuntimeException | Error e) {
        tracker.note("a log of dirty memory did not stop: " + Exceptions.message(e));
      }
    }
  }

  private void stopLogs(Throwable cause) {
    if (memory != null) {
      memory.stopLogs(cause);
    }
  }

  private SaveReport report(Transfer sent, long fileBytes) {
    List<SaveReport.DeviceReport> devices = new ArrayList<>();
    for (int i = 0; i < group.size(); i++) {
      devices.add(new SaveReport.DeviceReport(group.devices().get(i).device().identity(),
          sent.streams().senders().get(i).bytes(), sent.switchover().devices().get(i)));
    }
    Duration total = tracker.now();
    Duration downtime = parts.total();
    return new SaveReport(devices, sent.streams().memory().map(SourceMemory::report), stop, total,
        downtime, parts.parts(), stop ? Optional.empty() : sent.streams().prediction().map(Prediction::parts),
        sent.streams().accounting().bytes(), sent.switchover().bytes(),
        sent.streams().accounting().compressed(options.compression()), fileBytes,
        tracker.phaseTimes(), sent.rounds(), tracker.notes(), workload.resumeFailure());
  }

  @Override
  public void close() {
    if (memory != null) {
      memory.close();
    }
  }
}
