// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

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

  private final Ensemble ensemble;
  private final DeviceGroup group;
  private final Link link;
  private final TargetPreFlight preFlight;
  private final Diary diary;
  private final Narrator narrator;
  private final CallOff callOff = new CallOff();
  private final Waiting waiting = Waiting.alone(callOff);
  private final MigrationTimeouts times;
  private final Heartbeat heartbeat;
  private TargetPledge pledge = TargetPledge.NONE;
  private FurtherLinks furtherLinks = FurtherLinks.none();

  TargetRun(Ensemble ensemble, DeviceGroup group, Link link, Optional<Connections.Further> further,
      MigrationOptions options, Diary diary, Narrator narrator) {
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
  Arrival serve(Optional<OwnershipOracle> oracle) throws MigrationException {
    Hello source;
    try {
      FrameKind first = link.await(link.stall());
      if (first == FrameKind.ASK && oracle.isPresent()) {
        return visit(() -> OwnershipQuestion.answer(link.in(), link.out(), oracle.get()));
      }
      source = link.hello(first);
      if (source.comparesOnly()) {
        return visit(() -> preFlight.compare(source));
      }
    } catch (IOException | RuntimeException | Error e) {
      throw failed(e);
    }
    return new Arrival.Moved(receive(source));
  }

  /** Answers somebody who moves nothing: what goes wrong is no failure of a migration. */
  private static Arrival visit(Visit visit) throws InterruptedIOException {
    try {
      return visit.answer();
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      return new Arrival.Unanswered(Suppression.message(e));
    }
  }

  @FunctionalInterface
  private interface Visit {
    Arrival answer() throws IOException;
  }

  private TargetReport receive(Hello source) throws MigrationException {
    MigrationReport.TargetSummary summary;
    try {
      agree(source);
      long bytes = load(source);
      Duration validating = validate();
      awaitOwnership();
      summary = new MigrationReport.TargetSummary(bytes, validating, start());
    } catch (IOException | RuntimeException | Error e) {
      throw failed(e);
    }
    return complete(source, summary);
  }

  private MigrationException failed(Throwable cause) {
    return new TargetRecovery(group, link, diary, narrator, pledge).recover(cause);
  }

  private void agree(Hello source) throws IOException {
    narrator.enter(new Phase.PreFlight(), "from " + link.peerName());
    link.adapt(link.in().version(), times);
    TargetPreFlight.Means means = preFlight.run(source);
    if (link.peerGivesSigns()) {
      heartbeat.add(link);
    }
    diary.begin(source.session().orElseGet(Session::random), group.devices(), link.peerName());
    if (means.further().isPresent()) {
      furtherLinks =
          FurtherLinks.accept(source.channels().orElseThrow(), means.further().get(), link, narrator);
    }
    means.codec().ifPresent(codec -> {
      link.decompressWith(codec);
      furtherLinks.all().forEach(further -> further.decompressWith(codec));
    });
  }

  private long load(Hello source) throws IOException {
    narrator.enter(new Phase.Loading(), "the devices match");
    Duration moving = group.beginToLoad(waiting);
    if (link.in().version().minor() >= Preamble.FIRST_MINOR_TO_CONFIRM) {
      link.out().sendReady(new TargetCosts(moving, diary.took(JournalStep.PREPARED)));
    } else {
      link.out().send(FrameKind.READY);
    }
    MemoryRegions memory = RegionAgreement.inOrderOf(source.memory(), ensemble.memory());
    try (PageAllocator allocator = new PageAllocator(memory, narrator)) {
      return new Loading(loaders(source, memory, allocator), group, callOff, waiting).run();
    }
  }

  /** One for each connection, the first of them for that which both sides talk over. */
  private List<Loader> loaders(Hello source, MemoryRegions memory, PageAllocator allocator)
      throws IOException {
    TargetSet set = new TargetSet(group, memory, PreFlight.carriesSegments(source, group, waiting), false,
        callOff);
    int forDevices = source.channels().map(Hello.Channels::devices).orElse(0);
    int forMemory = source.channels().map(Hello.Channels::memory).orElse(0);
    BitSet onFirst = new BitSet();
    onFirst.set(0, forDevices == 0 ? group.size() : 0);
    boolean memoryOnFirst = forMemory == 0 && !memory.isEmpty();
    List<Loader> loaders = new ArrayList<>();
    loaders.add(new Loader(link, link, 0, set, onFirst,
        memoryOnFirst
            ? Optional.of(new MemoryReceiver(memory, new Stretches(1), 0, allocator::loaded))
            : Optional.empty()));
    for (Link one : furtherLinks.forDevices(forDevices)) {
      BitSet device = new BitSet();
      device.set(loaders.size() - 1);
      loaders.add(new Loader(one, link, loaders.size(), set, device, Optional.empty()));
    }
    List<Link> memoryLinks = furtherLinks.forMemory(forDevices);
    for (int channel = 0; channel < memoryLinks.size(); channel++) {
      loaders.add(new Loader(memoryLinks.get(channel), link, loaders.size(), set, new BitSet(),
          Optional.of(new MemoryReceiver(memory, new Stretches(forMemory), channel, allocator::loaded))));
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
    group.all("tell its state", waiting, MovedDevice::ask); // One that is gone by now must not look loaded.
    pledge = TargetPledge.LOADED; // From just before the first byte: the source may act on it.
    link.out().send(FrameKind.LOADED);
    link.expect(FrameKind.YOURS, link.stall());
    narrator.shield();
  }

  /** Starts the devices, once they have answered: what is gone before it was told to run can be given back. */
  private Duration start() throws IOException {
    group.all("tell its state", waiting, MovedDevice::ask);
    diary.write(JournalStep.MINE, "the source has given its devices away"); // Or it can still give them back.
    pledge = TargetPledge.STARTING;
    Duration before = narrator.now();
    group.setRunning("the device is ours", waiting);
    return narrator.now().minus(before);
  }

  /** Tells the source; the devices run here whether or not that arrives. */
  private TargetReport complete(Hello source, MigrationReport.TargetSummary summary) {
    boolean sourceKnows = true;
    diary.note(JournalStep.RUNNING, "all devices are in RUNNING");
    try {
      link.out().sendConfirmed(summary);
    } catch (IOException | RuntimeException | Error e) {
      sourceKnows = false;
      narrator.note("the source could not be told that the devices run here: " + Suppression.message(e));
    }
    narrator.enter(new Phase.Done(), "the devices run");
    return new TargetReport(group.devices().stream().map(device -> device.device().identity()).toList(),
        source.devices().stream().map(Hello.Device::identity).toList(), narrator.now(),
        narrator.phaseTimes(), summary,
        diary.took(JournalStep.MINE).plus(diary.took(JournalStep.RUNNING)), sourceKnows,
        MigrationReport.NOT_CARRIED, narrator.notes());
  }

  @Override
  public void close() {
    heartbeat.close();
    furtherLinks.close();
  }
}
