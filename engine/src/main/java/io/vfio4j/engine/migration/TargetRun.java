// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.AcceptResult;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationId;
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
import io.vfio4j.engine.preflight.MigrationContext;
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

/**
 * One run of the target's side. The coordinating thread owns its state; {@link TargetCommitment} is the part
 * of it that decides how a failure is recovered. The states of the run are the {@link Phase phases}, see
 * {@code package-info}.
 */
final class TargetRun implements AutoCloseable {

  private final MigrationContext context;
  private final DeviceGroup group;
  private final StreamConnection connection;
  private final TargetPreFlight preFlight;
  private final JournalWriter journal;
  private final PhaseTracker tracker;
  private final Cancellation cancellation = new Cancellation();
  private final TaskWaiter waiter = TaskWaiter.unwatched(cancellation);
  private final MigrationTimeouts times;
  private final Heartbeat heartbeat;
  private TargetCommitment commitment = TargetCommitment.NONE;
  private ExtraConnections extraConnections = ExtraConnections.none();

  TargetRun(MigrationContext context) {
    this.context = context;
    this.group = context.group();
    this.connection = context.connection();
    this.preFlight = new TargetPreFlight(context, waiter);
    this.times = context.options().timeouts();
    this.heartbeat = new Heartbeat(Side.TARGET, times.heartbeat());
    this.journal = context.journal();
    this.tracker = context.tracker();
  }

  /**
   * Serves the peer according to its first frame.
   *
   * @param oracle answers ownership queries; if empty, they are refused
   */
  AcceptResult serve(Optional<OwnershipResponder> oracle) throws MigrationException {
    Hello source;
    try {
      FrameKind first = connection.await(connection.timeout());
      if (first == FrameKind.ASK && oracle.isPresent()) {
        return exchange(() -> OwnershipQuery.answer(connection.in(), connection.out(), oracle.get()));
      }
      source = connection.readHello(first);
      if (source.dryRun()) {
        return exchange(() -> preFlight.compare(source));
      }
    } catch (IOException | RuntimeException | Error e) {
      throw failed(e);
    }
    return new AcceptResult.Migration(receive(source));
  }

  /** Answers a query. Its errors are not failures of a migration. */
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
    return new TargetRecovery(context, commitment).recover(cause);
  }

  private void runPreFlight(Hello source) throws IOException {
    tracker.enter(new Phase.PreFlight(), "from " + connection.peerName());
    connection.adapt(connection.in().version(), times);
    TargetPreFlight.Resources means = preFlight.run(source);
    if (connection.peerSendsHeartbeats()) {
      heartbeat.add(connection);
    }
    journal.begin(source.migration().orElseGet(MigrationId::random), group.devices(), connection.peerName());
    if (means.extra().isPresent()) {
      extraConnections =
          ExtraConnections.accept(source.channels().orElseThrow(), means.extra().get(), connection, tracker);
    }
    means.codec().ifPresent(codec -> {
      connection.decompressWith(codec);
      extraConnections.all().forEach(extra -> extra.decompressWith(codec));
    });
  }

  private long load(Hello source) throws IOException {
    tracker.enter(new Phase.Loading(), "the devices match");
    Duration moving = group.resetToResuming(waiter);
    if (connection.in().version().minor() >= Preamble.FIRST_MINOR_WITH_CONFIRMATION) {
      connection.out().sendReady(new TargetCosts(moving, journal.writeTime(JournalStep.PREPARED)));
    } else {
      connection.out().send(FrameKind.READY);
    }
    MemoryRegions memory = RegionMatcher.inSourceOrder(source.memory(), context.deviceSet().memory());
    try (PageAllocator allocator = new PageAllocator(memory, tracker)) {
      return new LoadPool(loaders(source, memory, allocator), group, cancellation, waiter).run();
    }
  }

  /** Returns one loader for each connection, beginning with the first connection. */
  private List<StateLoader> loaders(Hello source, MemoryRegions memory, PageAllocator allocator)
      throws IOException {
    LoadTargets set = new LoadTargets(group, memory, PreFlight.carriesSegments(source, group, waiter), false,
        cancellation);
    int forDevices = source.channels().map(Hello.Channels::devices).orElse(0);
    int forMemory = source.channels().map(Hello.Channels::memory).orElse(0);
    BitSet onFirst = new BitSet();
    onFirst.set(0, forDevices == 0 ? group.size() : 0);
    boolean memoryOnFirst = forMemory == 0 && !memory.isEmpty();
    List<StateLoader> loaders = new ArrayList<>();
    loaders.add(new StateLoader(connection, connection, 0, set, onFirst,
        memoryOnFirst
            ? Optional.of(new MemoryReceiver(memory, new ChannelShards(1), 0, allocator::onLoaded))
            : Optional.empty()));
    for (StreamConnection one : extraConnections.forDevices(forDevices)) {
      BitSet device = new BitSet();
      device.set(loaders.size() - 1);
      loaders.add(new StateLoader(one, connection, loaders.size(), set, device, Optional.empty()));
    }
    List<StreamConnection> memoryConnections = extraConnections.forMemory(forDevices);
    for (int channel = 0; channel < memoryConnections.size(); channel++) {
      loaders.add(new StateLoader(memoryConnections.get(channel), connection, loaders.size(), set,
          new BitSet(),
          Optional
              .of(new MemoryReceiver(memory, new ChannelShards(forMemory), channel, allocator::onLoaded))));
    }
    return loaders;
  }

  private Duration validate() throws IOException {
    Duration before = tracker.now();
    group.move(DeviceState.STOP, "all state has arrived; the device validates it", waiter);
    return tracker.now().minus(before);
  }

  private void awaitOwnership() throws IOException {
    tracker.enter(new Phase.Handover(), "the devices have accepted the state");
    group.callAll("query its state", waiter, MigratingDevice::queryState); // A device that is gone must not be reported as loaded.
    commitment = TargetCommitment.LOADED; // From just before the first byte: the source may act on it.
    connection.out().send(FrameKind.LOADED);
    connection.expect(FrameKind.COMMIT, connection.timeout());
    tracker.ignoreListenerFailures();
  }

  /**
   * Starts the devices, after all have answered: a device lost before it was started can still be returned.
   */
  private Duration startDevices() throws IOException {
    group.callAll("query its state", waiter, MigratingDevice::queryState);
    journal.write(JournalStep.COMMITTED, "the source has sent COMMIT"); // If this fails, the devices can still be returned.
    commitment = TargetCommitment.STARTING;
    Duration before = tracker.now();
    group.setRunning("the target owns the devices", waiter);
    return tracker.now().minus(before);
  }

  /** Sends CONFIRMED; the devices run here whether or not it arrives. */
  private TargetReport finish(Hello source, MigrationReport.TargetSummary summary) {
    boolean sourceKnows = true;
    journal.tryWrite(JournalStep.RUNNING, "all devices are in RUNNING");
    try {
      connection.out().sendConfirmed(summary);
    } catch (IOException | RuntimeException | Error e) {
      sourceKnows = false;
      tracker.note("CONFIRMED could not be sent to the source: " + Exceptions.message(e));
    }
    tracker.enter(new Phase.Done(), "the devices run");
    return new TargetReport(group.devices().stream().map(device -> device.device().identity()).toList(),
        source.devices().stream().map(Hello.Device::identity).toList(), tracker.now(),
        tracker.phaseTimes(), summary,
        journal.writeTime(JournalStep.COMMITTED).plus(journal.writeTime(JournalStep.RUNNING)), sourceKnows,
        MigrationReport.NOT_CARRIED, tracker.notes());
  }

  @Override
  public void close() {
    heartbeat.close();
    extraConnections.close();
  }
}
