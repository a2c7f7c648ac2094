// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.migration.MigrationTrial;
import io.vfio4j.engine.migration.PeerDmaInvariant;
import io.vfio4j.engine.output.AtomicFile;
import io.vfio4j.engine.util.NanoClock;
import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** Simulated devices and memory, saved to a real file and restored from it. */
@SuppressWarnings("exports") // Not API: a test in an exported package.
public final class FileTrial implements Workload, AutoCloseable {

  static final long PAGE = RegionRules.PAGE_SIZE;
  private static final long IOVA = 1L << 32;

  final Path file;
  final List<String> workload = new CopyOnWriteArrayList<>();
  final PeerDmaInvariant sourceWatch = new PeerDmaInvariant();
  final PeerDmaInvariant targetWatch = new PeerDmaInvariant();
  public final List<SimulatedDevice> sources;
  public final MemoryRegions sourceMemory;
  boolean stop;
  public MigrationOptions options = MigrationTrial.PATIENT;
  MigrationListener listener = MigrationListener.NONE;
  UnaryOperator<WritableByteChannel> through = channel -> channel;
  private final Arena arena = Arena.ofShared();
  private final int pages;
  private final int devicePages;

  public FileTrial(Path file, int devices, int pages) {
    this(file, devices, pages, 4);
  }

  FileTrial(Path file, int devices, int pages, int devicePages) {
    this.file = file;
    this.pages = pages;
    this.devicePages = devicePages;
    sources = IntStream.range(0, devices)
        .mapToObj(number -> SimulatedSettings.named("source" + number)
            .withContent(devicePages, MigrationTrial.SEED + number).withChanges(0, 100)
            .withObserver(sourceWatch)
            .device())
        .toList();
    sources.forEach(sourceWatch::add);
    sourceMemory = memory();
    for (int page = 0; page < pages; page += 2) {
      sourceMemory.get(0).memory().set(ValueLayout.JAVA_LONG, page * PAGE, MigrationTrial.SEED + page);
    }
  }

  public MemoryRegions memory() {
    return pages == 0
        ? MemoryRegions.NONE
        : new MemoryRegions(List.of(new MemoryRegion("ram", IOVA, arena.allocate(pages * PAGE, PAGE))));
  }

  public SaveReport save() throws MigrationException {
    return new StateSaver(DeviceSet.of(sources).withMemory(sourceMemory),
        () -> AtomicFile.begin(file, through),
        stop, options, this, listener, NanoClock.SYSTEM).run();
  }

  /** Returns new devices of the same kind, without content. */
  public List<SimulatedDevice> targets() {
    return IntStream.range(0, sources.size())
        .mapToObj(number -> SimulatedSettings.named("target" + number).withContent(devicePages, 0)
            .withObserver(targetWatch).device())
        .toList();
  }

  public RestoreReport restore(List<SimulatedDevice> targets, MemoryRegions memory) throws RestoreException {
    return restoring(targets, memory).run();
  }

  StateRestorer restoring(List<SimulatedDevice> targets, MemoryRegions memory) {
    return new StateRestorer(DeviceSet.of(targets).withMemory(memory), file, options, MigrationListener.NONE);
  }

  void checkSourceRuns() {
    assertThat(sourceWatch.violations()).isEmpty();
    for (SimulatedDevice source : sources) {
      assertThat(source.machineState()).isEqualTo(DeviceState.RUNNING);
      assertThat(source.stateFingerprint()).isNotZero();
      assertThat(source.openSessions()).isZero();
    }
  }

  static void checkUntouched(List<SimulatedDevice> targets) {
    for (SimulatedDevice target : targets) {
      assertThat(target.operations()).isEmpty();
      assertThat(target.stateFingerprint()).isZero();
    }
  }

  @Override
  public void pause() {
    workload.add("pause");
  }

  @Override
  public void resume(Side side) {
    workload.add("resume " + side);
  }

  @Override
  public void close() {
    arena.close();
  }
}
