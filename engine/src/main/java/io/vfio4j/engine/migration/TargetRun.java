// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.AcceptResult;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.MigrationTimeouts;
import io.vfio4j.engine.OwnershipResponder;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.connection.ExtraConnections;
import io.vfio4j.engine.connection.Heartbeat;
import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.device.MigratingDevice;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.ownership.JournalWriter;
import io.vfio4j.engine.ownership.TargetCommitment;
import io.vfio4j.engine.pages.ChannelShards;
import io.vfio4j.engine.pages.MemoryReceiver;
import io.vfio4j.engine.preflight.PreFlight;
import io.vfio4j.engine.preflight.RegionMatcher;
import io.vfio4j.engine.preflight.TargetPreFlight;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.stream.Preamble;
import io.vfio4j.engine.stream.TargetCosts;
import io.vfio4j.engine.target.LoadPool;
import io.vfio4j.engine.target.LoadTargets;
import io.vfio4j.engine.target.PageAllocator;
import io.vfio4j.engine.target.StateLoader;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.util.Cancellation;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.TaskWaiter;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** One run of the target's side, from the first check to the confirmation. */
final class TargetRun implements AutoCloseable {

  private final DeviceSet ensemble;
  private final DeviceGroup group;
  private final StreamConnection link;
  private final TargetPreFlight preFlight;
  private final JournalWriter diary;
  private final PhaseTracker narrator;
  private final Cancellation callOff = new Cancellation();
  private final TaskWaiter waiting = TaskWaiter.unwatched(callOff);
  private final MigrationTimeouts times;
  private final Heartbeat heartbeat;
  private TargetCommitment pledge = TargetCommitment.NONE;
  private ExtraConnections furtherLinks = ExtraConnections.none();

  TargetRun(DeviceSet ensemble, DeviceGroup group, StreamConnection link,
      Optional<Connections.TransportSupplier> further,
      MigrationOptions options, JournalWriter diary, PhaseTracker narrator) {
    this.ensemble = ensemble;
    this.group = group;
    this.link = link;
    this.preFlight = new TargetPreFlight(ensemble, group, link, further, options.codecs(), waiting);
    this.times = options.timeouts();
    this.heartbeat = new Heartbeat(Side.TARGET, times.heartbeat());
    this.diary = diary;
    this.narrator = narrator;
  }

  /**
   * Serves who has connected, as the first frame says.
   *
   * @param oracle answers questions of ownership; where there is none, they are refused
   */
  AcceptResult serve(Optional<OwnershipResponder> oracle) throws MigrationException {
    Hello source;
    try {
      FrameKind first = link.await(link.timeout());
      if (first == FrameKind.ASK && oracle.isPresent()) {
        return exchange(() -> OwnershipQuery.answer(link.in(), link.out(), oracle.get()));
      }
      source = link.readHello(first);
      if (source.dryRun()) {
        return exchange(() -> preFlight.compare(source));
      }
    } catch (IOException | RuntimeException | Error e) {
      throw failed(e);
    }
    return new AcceptResult.Migration(receive(source));
  }

  /** Answers somebody who moves nothing: what goes wrong is no failure of a migration. */
  private static AcceptResult exchange(Exchange visit) throws InterruptedIOException {
    try {
      return visit.answer();
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      return new AcceptResult.Failure(Exceptions.message(e));
    }
  }

  @FunctionalInterface
  private interface Exchange {
    AcceptResult answer() throws IOException;
  }

  private TargetReport receive(Hello source) throws MigrationException {
    MigrationReport.TargetSummary summary;
    try {
      runPreFlight(source);
      long bytes = load(source);
      Duration validating = validate();
      awaitOwnership();
      summary = new MigrationReport.TargetSummary(bytes, validating, startDevices());
    } catch (IOException | RuntimeException | Error e) {
      throw failed(e);
    }
    return finish(source, summary);
  }

  private MigrationException failed(Throwable cause) {
    return new TargetRecovery(group, link, diary, narrator, pledge).recover(cause);
  }

  private void runPreFlight(Hello source) throws IOException {
    narrator.enter(new Phase.PreFlight(), "from " + link.peerName());
    link.adapt(link.in().version(), times);
    TargetPreFlight.Resources means = preFlight.run(source);
    if (link.peerSendsHeartbeats()) {
      heartbeat.add(link);
    }
    diary.begin(source.migration().orElseGet(MigrationId::random), group.devices(), link.peerName());
    if (means.extra().isPresent()) {
      furtherLinks =
          ExtraConnections.accept(source.channels().orElseThrow(), means.extra().get(), link, narrator);
    }
    means.codec().ifPresent(codec -> {
      link.decompressWith(codec);
      furtherLinks.all().forEach(further -> further.decompressWith(codec));
    });
  }

  private long load(Hello source) throws IOException {
    narrator.enter(new Phase.Loading(), "the devices match");
    Duration moving = group.resetToResuming(waiting);
    if (link.in().version().minor() >= Preamble.FIRST_MINOR_WITH_CONFIRMATION) {
      link.out().sendReady(new TargetCosts(moving, diary.writeTime(JournalStep.PREPARED)));
    } else {
      link.out().send(FrameKind.READY);
    }
    MemoryRegions memory = RegionMatcher.inSourceOrder(source.memory(), ensemble.memory());
    try (PageAllocator allocator = new PageAllocator(memory, narrator)) {
      return new LoadPool(loaders(source, memory, allocator), group, callOff, waiting).run();
    }
  }

  /** One for each connection, the first of them for that which both sides talk over. */
  private List<StateLoader> loaders(Hello source, MemoryRegions memory, PageAllocator allocator)
      throws IOException {
    LoadTargets set = new LoadTargets(group, memory, PreFlight.carriesSegments(source, group, waiting), false,
        callOff);
    int forDevices = source.channels().map(Hello.Channels::devices).orElse(0);
    int forMemory = source.channels().map(Hello.Channels::memory).orElse(0);
    BitSet onFirst = new BitSet();
    onFirst.set(0, forDevices == 0 ? group.size() : 0);
    boolean memoryOnFirst = forMemory == 0 && !memory.isEmpty();
    List<StateLoader> loaders = new ArrayList<>();
    loaders.add(new StateLoader(link, link, 0, set, onFirst,
        memoryOnFirst
            ? Optional.of(new MemoryReceiver(memory, new ChannelShards(1), 0, allocator::onLoaded))
            : Optional.empty()));
    for (StreamConnection one : furtherLinks.forDevices(forDevices)) {
      BitSet device = new BitSet();
      device.set(loaders.size() - 1);
      loaders.add(new StateLoader(one, link, loaders.size(), set, device, Optional.empty()));
    }
    List<StreamConnection> memoryLinks = furtherLinks.forMemory(forDevices);
    for (int channel = 0; channel < memoryLinks.size(); channel++) {
      loaders.add(new StateLoader(memoryLinks.get(channel), link, loaders.size(), set, new BitSet(),
          Optional
              .of(new MemoryReceiver(memory, new ChannelShards(forMemory), channel, allocator::onLoaded))));
    }
    return loaders;
  }

  private Duration validate() throws IOException {
    Duration before = narrator.now();
    group.move(DeviceState.STOP, "everything is here; the device checks it", waiting);
    return narrator.now().minus(before);
  }

  private void awaitOwnership() throws IOException {
    narrator.enter(new Phase.Handover(), "the devices have accepted the state");
    group.callAll("tell its state", waiting, MigratingDevice::queryState); // One that is gone by now must not look loaded.
    pledge = TargetCommitment.LOADED; // From just before the first byte: the source may act on it.
    link.out().send(FrameKind.LOADED);
    link.expect(FrameKind.COMMIT, link.timeout());
    narrator.ignoreListenerFailures();
  }

  /** Starts the devices, once they have answered: what is gone before it was told to run can be given back. */
  private Duration startDevices() throws IOException {
    group.callAll("tell its state", waiting, MigratingDevice::queryState);
    diary.write(JournalStep.COMMITTED, "the source has given its devices away"); // Or it can still give them back.
    pledge = TargetCommitment.STARTING;
    Duration before = narrator.now();
    group.setRunning("the device is ours", waiting);
    return narrator.now().minus(before);
  }

  /** Tells the source; the devices run here whether or not that arrives. */
  private TargetReport finish(Hello source, MigrationReport.TargetSummary summary) {
    boolean sourceKnows = true;
    diary.tryWrite(JournalStep.RUNNING, "all devices are in RUNNING");
    try {
      link.out().sendConfirmed(summary);
    } catch (IOException | RuntimeException | Error e) {
      sourceKnows = false;
      narrator.note("the source could not be told that the devices run here: " + Exceptions.message(e));
    }
    narrator.enter(new Phase.Done(), "the devices run");
    return new TargetReport(group.devices().stream().map(device -> device.device().identity()).toList(),
        source.devices().stream().map(Hello.Device::identity).toList(), narrator.now(),
        narrator.phaseTimes(), summary,
        diary.writeTime(JournalStep.COMMITTED).plus(diary.writeTime(JournalStep.RUNNING)), sourceKnows,
        MigrationReport.NOT_CARRIED, narrator.notes());
  }

  @Override
  public void close() {
    heartbeat.close();
    furtherLinks.close();
  }
}
