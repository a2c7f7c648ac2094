// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One run that saves a state to a file, from the first check to the file in its place. */
final class SaveRun implements AutoCloseable {

  private final Ensemble ensemble;
  private final DeviceGroup group;
  private final Link link;
  private final NewFile file;
  private final boolean stop;
  private final MigrationOptions options;
  private final PausableWorkload workload;
  private final Narrator narrator;
  private final DowntimeClock parts;
  private @Nullable SourceMemory memory;

  SaveRun(Ensemble ensemble, DeviceGroup group, Link link, NewFile file, boolean stop,
      MigrationOptions options,
      PausableWorkload workload, Narrator narrator) {
    this.ensemble = ensemble;
    this.group = group;
    this.link = link;
    this.file = file;
    this.stop = stop;
    this.options = options;
    this.workload = workload;
    this.narrator = narrator;
    this.parts = new DowntimeClock(narrator);
  }

  /** Everything has been sent, and stands still. */
  private record Sent(SourceStreams streams, List<MigrationReport.Round> rounds, Switchover switchover,
      Instant stateOf) {
  }

  SaveReport run() throws MigrationException {
    try {
      Sent sent = send();
      long fileBytes = stop ? finishStopped(sent) : goOnAndFinish(sent);
      narrator.enter(new Phase.Done(), "the file is in its place");
      return report(sent, fileBytes);
    } catch (IOException | RuntimeException | Error e) {
      MigrationException failed = recovery().recover(e);
      stopLogs(e);
      throw failed;
    }
  }

  private SaveRecovery recovery() {
    return new SaveRecovery(group, file, workload, narrator, stop, options.noPeerDma());
  }

  private Sent send() throws IOException {
    SourceStreams streams =
        new SourceStreams(ensemble, group, link, FurtherLinks.none(), introduce(), workload.workload(),
            options,
            narrator);
    memory = streams.memory().orElse(null);
    PreCopyRounds rounds =
        new PreCopyRounds(streams, options, narrator, Forecast.toFile(options.maxDowntime()), false);
    WayDown wayDown = new WayDown(streams, workload, options, narrator, parts);
    Switchover switchover;
    if (stop) {
      switchover = wayDown.run(SaveRun::atOnce, this::notQuiet);
    } else {
      rounds.begin();
      switchover = wayDown.run(rounds::run, rounds::quiesceFailed);
    }
    Instant stateOf = Instant.now();
    switchover.sendRest();
    parts.ends(DowntimeParts.Part.SENDING);
    return new Sent(streams, rounds.rounds(), switchover, stateOf);
  }

  private SourcePreFlight.Agreement introduce() throws IOException {
    narrator.enter(new Phase.PreFlight(), "to " + link.peerName());
    List<Hello.Device> own = group.introduce(Waiting.alone());
    PreFlight.requireReady(own, options.noPeerDma());
    link.out().sendHello(Hello.of(own, HelloRegions.ofFile(ensemble.memory()))
        .withCompression(Compression.algorithm(options.compression())));
    options.compression().ifPresent(link::compressWith);
    // Who loads the file may have segments, and then needs to know where they end.
    return new SourcePreFlight.Agreement(own,
        own.stream().map(device -> device.segmentation().isPresent()).toList(), Optional.empty(), false,
        false, Duration.ZERO);
  }

  /** Nothing is to go on: what would be sent while the devices run would only be sent twice. */
  private static Decision.SwitchOver atOnce() {
    return new Decision.SwitchOver(Optional.empty(), "the devices are to stay stopped");
  }

  private void notQuiet() throws NotConvergingException {
    throw new NotConvergingException(
        "the devices did not end their peer-to-peer traffic within %s; give them longer (--max-quiesce)"
            .formatted(Words.time(options.maxQuiesce())));
  }

  /** The state is in the file, though not on the disk, and not needed any more where everything goes on. */
  private long goOnAndFinish(Sent sent) throws IOException, MigrationException {
    narrator.enter(new Phase.Resuming(), "everything has been written; the devices go on");
    try {
      group.setRunning("its state has been written", Waiting.alone());
      parts.ends(DowntimeParts.Part.GOING_ON);
    } catch (IOException | RuntimeException | Error e) {
      throw keepFileOf(sent, e);
    }
    resumeWorkload();
    stopLogsOrNote();
    return finish(new SavedNote(SavedState.Source.RUNNING, sent.stateOf(), parts.total()));
  }

  private void resumeWorkload() {
    try {
      workload.resume(Side.SOURCE);
    } catch (IOException | RuntimeException | Error e) {
      narrator.note("the workload did not resume, and stays paused: " + Suppression.message(e));
    }
    parts.ends(DowntimeParts.Part.RESUMING);
  }

  /** Devices that did not go on may have lost their state, of which the file has all. */
  private MigrationException keepFileOf(Sent sent, Throwable failure) {
    SaveRecovery recovery = recovery();
    MigrationException failed = recovery.recover(failure);
    stopLogs(failure);
    try {
      finish(new SavedNote(SavedState.Source.UNKNOWN, sent.stateOf(), Duration.ZERO));
      return recovery.withFile(failed);
    } catch (IOException | RuntimeException | Error e) {
      Suppression.keep(failure, e);
      return failed;
    }
  }

  /** Everything stands still until the file outlives the system. */
  private long finishStopped(Sent sent) throws IOException {
    stopLogsOrNote();
    long fileBytes = finish(new SavedNote(SavedState.Source.STOPPED, sent.stateOf(), Duration.ZERO));
    try {
      group.move(DeviceState.STOP, "its state is in the file", Waiting.alone());
    } catch (IOException | RuntimeException | Error e) {
      narrator.note("the source could not be moved to STOP: " + Suppression.message(e));
    }
    return fileBytes;
  }

  private long finish(SavedNote note) throws IOException {
    narrator.enter(new Phase.Finishing(), "the file is completed, and waits for its disk");
    link.out().sendSaved(note);
    link.out().sendEnd();
    long size = file.size();
    file.publish();
    narrator.shield(); // From here on nothing takes the file back.
    return size;
  }

  /** The state is complete: a device that goes on logging costs time, and not the file. */
  private void stopLogsOrNote() {
    if (memory != null) {
      try {
        memory.stopLogs();
      } catch (IOException | RuntimeException | Error e) {
        narrator.note("a log of dirty memory did not stop: " + Suppression.message(e));
      }
    }
  }

  private void stopLogs(Throwable cause) {
    if (memory != null) {
      memory.stopLogs(cause);
    }
  }

  private SaveReport report(Sent sent, long fileBytes) {
    List<SaveReport.DeviceReport> devices = new ArrayList<>();
    for (int i = 0; i < group.size(); i++) {
      devices.add(new SaveReport.DeviceReport(group.devices().get(i).device().identity(),
          sent.streams().pumps().get(i).bytes(), sent.switchover().devices().get(i)));
    }
    Duration total = narrator.now();
    Duration downtime = parts.total();
    return new SaveReport(devices, sent.streams().memory().map(SourceMemory::report), stop, total,
        downtime, parts.parts(), stop ? Optional.empty() : sent.streams().prediction().map(Prediction::parts),
        sent.streams().traffic().bytes(), sent.switchover().bytes(),
        sent.streams().traffic().compressed(options.compression()), fileBytes,
        narrator.phaseTimes(), sent.rounds(), narrator.notes(), workload.resumeFailure());
  }

  @Override
  public void close() {
    if (memory != null) {
      memory.close();
    }
  }
}
