// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.SavedState;
import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.device.MigratingDevice;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.output.FileException;
import io.vfio4j.engine.ownership.FailedRun;
import io.vfio4j.engine.ownership.TargetCommitment;
import io.vfio4j.engine.ownership.TargetReset;
import io.vfio4j.engine.pages.ChannelShards;
import io.vfio4j.engine.pages.MemoryReceiver;
import io.vfio4j.engine.preflight.HelloRegions;
import io.vfio4j.engine.preflight.MigrationContext;
import io.vfio4j.engine.preflight.PreFlight;
import io.vfio4j.engine.preflight.RegionMatcher;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.target.LoadPool;
import io.vfio4j.engine.target.LoadTargets;
import io.vfio4j.engine.target.PageAllocator;
import io.vfio4j.engine.target.StateLoader;
import io.vfio4j.engine.util.Cancellation;
import io.vfio4j.engine.util.TaskWaiter;
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

/** One restore of a state from a file, from the first check to running devices. For one thread. */
final class RestoreRun {

  private final DeviceSet deviceSet;
  private final Predicate<MigratableDevice> resettable;
  private final DeviceGroup group;
  private final StreamConnection connection;
  private final FileChannel channel;
  private final Path path;
  private final MigrationOptions options;
  private final PhaseTracker tracker;
  private final Cancellation cancellation = new Cancellation();
  private final TaskWaiter waiter = TaskWaiter.unwatched(cancellation);
  private TargetCommitment commitment = TargetCommitment.NONE;

  RestoreRun(MigrationContext context, FileChannel channel, Path path,
      Predicate<MigratableDevice> resettable) {
    this.deviceSet = context.deviceSet();
    this.group = context.group();
    this.connection = context.connection();
    this.options = context.options();
    this.tracker = context.tracker();
    this.channel = channel;
    this.path = path;
    this.resettable = resettable;
  }

  RestoreReport run() throws RestoreException {
    SavedState state;
    MigrationReport.TargetSummary summary;
    try {
      FileCheck.Result checked = preFlight();
      state = checked.state();
      summary = restore(checked.hello());
    } catch (IOException | RuntimeException | Error e) {
      throw recover(e);
    }
    tracker.enter(new Phase.Done(), "the devices run");
    return new RestoreReport(group.devices().stream().map(device -> device.device().identity()).toList(),
        state, tracker.now(), tracker.phaseTimes(), summary, tracker.notes());
  }

  private FileCheck.Result preFlight() throws IOException {
    tracker.enter(new Phase.PreFlight(), "%s is checked first".formatted(path));
    FileCheck.Result checked = FileCheck.check(channel, path, options.codecs());
    List<Hello.Device> own = group.describe(waiter, resettable);
    PreFlight.requireAccepted(
        PreFlight.compare(checked.hello(), Hello.of(own, HelloRegions.ofTarget(deviceSet.memory())),
            options.noPeerDma()));
    return checked;
  }

  private MigrationReport.TargetSummary restore(Hello source) throws IOException {
    tracker.enter(new Phase.Loading(), "the file is intact, and the devices match");
    group.resetToResuming(waiter);
    long bytes = load(source);
    Duration loaded = tracker.now();
    group.move(DeviceState.STOP, "everything is loaded; the device validates it", waiter);
    Duration validated = tracker.now();
    tracker.ignoreListenerFailures();
    commitment = TargetCommitment.STARTING;
    group.setRunning("it has its state", waiter);
    return new MigrationReport.TargetSummary(bytes, validated.minus(loaded),
        tracker.now().minus(validated));
  }

  /** The second pass checks everything again: the file may have been modified meanwhile. */
  private long load(Hello source) throws IOException {
    if (!connection.receiveHello().equals(source)) {
      throw new FileException(path, "was modified while it was read", null);
    }
    if (source.compression().isPresent()) {
      connection.decompressWith(options.codecs().codec(source.compression().get()));
    }
    MemoryRegions memory = RegionMatcher.inSourceOrder(source.memory(), deviceSet.memory());
    LoadTargets set = new LoadTargets(group, memory, PreFlight.carriesSegments(source, group, waiter), true,
        cancellation);
    BitSet all = new BitSet();
    all.set(0, group.size());
    try (PageAllocator allocator = new PageAllocator(memory, tracker)) {
      Optional<MemoryReceiver> receiver = memory.isEmpty()
          ? Optional.empty()
          : Optional.of(new MemoryReceiver(memory, new ChannelShards(1), 0, allocator::onLoaded));
      return new LoadPool(List.of(new StateLoader(connection, connection, 0, set, all, receiver)), group,
          cancellation,
          waiter)
          .run();
    }
  }

  private RestoreException recover(Throwable cause) {
    FailedRun failed = FailedRun.begin(tracker, cause);
    TargetReset.Result result = new TargetReset(group, commitment).run(cause);
    tracker.suppressListenerFailures(cause);
    String devices = String.join(", ", group.devices().stream().map(MigratingDevice::name).toList());
    return new RestoreException(failed.phase(), RestoreException.Result.valueOf(result.name()),
        "%s Of %s: %s.".formatted(failed.message(), devices,
            result.description(group.size())),
        cause);
  }
}
