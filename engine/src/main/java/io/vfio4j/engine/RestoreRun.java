// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigratableDevice;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** One run that restores a state from a file, from the first check to running devices. */
final class RestoreRun {

  private final Ensemble ensemble;
  private final Predicate<MigratableDevice> expendable;
  private final DeviceGroup group;
  private final Link link;
  private final FileChannel channel;
  private final Path path;
  private final MigrationOptions options;
  private final Narrator narrator;
  private final CallOff callOff = new CallOff();
  private final Waiting waiting = Waiting.alone(callOff);
  private TargetPledge pledge = TargetPledge.NONE;

  RestoreRun(Ensemble ensemble, Predicate<MigratableDevice> expendable, DeviceGroup group, Link link,
      FileChannel channel, Path path,
      MigrationOptions options, Narrator narrator) {
    this.ensemble = ensemble;
    this.expendable = expendable;
    this.group = group;
    this.link = link;
    this.channel = channel;
    this.path = path;
    this.options = options;
    this.narrator = narrator;
  }

  RestoreReport run() throws RestoreException {
    SavedState state;
    MigrationReport.TargetSummary summary;
    try {
      FileCheck.Checked checked = preFlight();
      state = checked.state();
      summary = restore(checked.hello());
    } catch (IOException | RuntimeException | Error e) {
      throw recover(e);
    }
    narrator.enter(new Phase.Done(), "the devices run");
    return new RestoreReport(group.devices().stream().map(device -> device.device().identity()).toList(),
        state, narrator.now(), narrator.phaseTimes(), summary, narrator.notes());
  }

  private FileCheck.Checked preFlight() throws IOException {
    narrator.enter(new Phase.PreFlight(), "%s is read to its end first".formatted(path));
    FileCheck.Checked checked = FileCheck.check(channel, path, options.codecs());
    List<Hello.Device> own = group.introduce(waiting, expendable);
    PreFlight.requireToGo(
        PreFlight.compare(checked.hello(), Hello.of(own, HelloRegions.ofTarget(ensemble.memory())),
            options.noPeerDma()));
    return checked;
  }

  private MigrationReport.TargetSummary restore(Hello source) throws IOException {
    narrator.enter(new Phase.Loading(), "the file is intact, and the devices match");
    group.beginToLoad(waiting);
    long bytes = load(source);
    Duration loaded = narrator.now();
    group.move(DeviceState.STOP, "everything is here; the device checks it", waiting);
    Duration validated = narrator.now();
    narrator.shield();
    pledge = TargetPledge.STARTING;
    group.setRunning("it has its state", waiting);
    return new MigrationReport.TargetSummary(bytes, validated.minus(loaded),
        narrator.now().minus(validated));
  }

  /** Nothing is taken on trust the second time either: the file may have been written to meanwhile. */
  private long load(Hello source) throws IOException {
    if (!link.receiveHello().equals(source)) {
      throw new FileException(path, "has been changed while it was read", null);
    }
    if (source.compression().isPresent()) {
      link.decompressWith(options.codecs().codec(source.compression().get()));
    }
    MemoryRegions memory = RegionAgreement.inOrderOf(source.memory(), ensemble.memory());
    TargetSet set = new TargetSet(group, memory, PreFlight.carriesSegments(source, group, waiting), true,
        callOff);
    BitSet all = new BitSet();
    all.set(0, group.size());
    try (PageAllocator allocator = new PageAllocator(memory, narrator)) {
      Optional<MemoryReceiver> receiver = memory.isEmpty()
          ? Optional.empty()
          : Optional.of(new MemoryReceiver(memory, new Stretches(1), 0, allocator::loaded));
      return new Loading(List.of(new Loader(link, link, 0, set, all, receiver)), group, callOff, waiting)
          .run();
    }
  }

  private RestoreException recover(Throwable cause) {
    narrator.shield();
    Phase phase = narrator.phase();
    narrator.enter(new Phase.Aborting(Suppression.message(cause)), Suppression.message(cause));
    TargetReset.Fate fate = new TargetReset(group, pledge).run(cause);
    narrator.suppressMishapsIn(cause);
    String devices = String.join(", ", group.devices().stream().map(MovedDevice::name).toList());
    return new RestoreException(phase, RestoreException.Fate.valueOf(fate.name()),
        "%s: %s. Of %s: %s.".formatted(phase.title(), Suppression.message(cause), devices,
            fate.words(group.size())),
        cause);
  }
}
