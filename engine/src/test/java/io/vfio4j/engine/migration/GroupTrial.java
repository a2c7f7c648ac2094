// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.transport.LocalConnections;
import io.vfio4j.engine.transport.LocalTransport;
import io.vfio4j.engine.util.NanoClock;
import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.ManualClock;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** One migration of several simulated devices, with checks of the barriers' invariants. */
final class GroupTrial implements Workload {

  final ManualClock clock = new ManualClock();
  final List<MigrationEvent> events = new CopyOnWriteArrayList<>();
  final List<String> workload = new CopyOnWriteArrayList<>();
  final int count;
  final PeerDmaInvariant sourceWatch = new PeerDmaInvariant();
  final PeerDmaInvariant targetWatch = new PeerDmaInvariant();
  MigrationOptions options = MigrationTrial.PATIENT;
  boolean hasPageFaults;
  MigrationListener listener = MigrationListener.NONE;
  IntFunction<SimulatedSettings> sourceSettings =
      number -> SimulatedSettings.named("source" + number).withContent(16, MigrationTrial.SEED + number)
          .withChanges(2, 300).withClock(clock, 0);
  IntFunction<SimulatedSettings> targetSettings =
      number -> SimulatedSettings.named("target" + number).withClock(clock, 0);
  LocalConnections connections =
      LocalConnections.over(LocalTransport.pair(4000), () -> LocalTransport.pair(4000));
  MemoryRegions sourceMemory = MemoryRegions.NONE;
  MemoryRegions targetMemory = MemoryRegions.NONE;

  private final List<SimulatedDevice> sources = new ArrayList<>();
  private final List<SimulatedDevice> targets = new ArrayList<>();
  private final List<SingleOwnerInvariant> owners = new ArrayList<>();
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable MigrationReport report;
  private @Nullable MigrationException failure;

  GroupTrial(int count) {
    this.count = count;
  }

  GroupTrial run() {
    IntStream.range(0, count).forEach(number -> {
      SimulatedSettings first = sourceSettings.apply(number);
      SingleOwnerInvariant owner = new SingleOwnerInvariant(first.device().stateFingerprint());
      owners.add(owner);
      sources.add(first.withObserver(both(sourceWatch, owner)).device());
      targets.add(targetSettings.apply(number).withObserver(both(targetWatch, owner)).device());
      owner.add(source(number));
      owner.add(target(number));
    });
    sources.forEach(sourceWatch::add);
    targets.forEach(targetWatch::add);
    NanoClock time = new TestClock(clock);
    try {
      report = LocalMigration.run(
          new MigrationSource(DeviceSet.of(sources).withMemory(sourceMemory), connections.source(), options,
              this,
              this::onEvent, time),
          new MigrationTarget(DeviceSet.of(targets).withMemory(targetMemory), connections.target(), options,
              this::onEvent, time));
    } catch (MigrationException e) {
      failure = e;
    }
    return this;
  }

  private static SimulatedSettings.Observer both(PeerDmaInvariant watch, SingleOwnerInvariant owner) {
    return (device, from, to, reason) -> {
      watch.stateChanged(device, from, to, reason);
      owner.stateChanged(device, from, to, reason);
    };
  }

  private void onEvent(MigrationEvent event) {
    lock.lock();
    try {
      events.add(event);
      listener.on(event);
    } finally {
      lock.unlock();
    }
  }

  SimulatedDevice source(int number) {
    return sources.get(number);
  }

  SimulatedDevice target(int number) {
    return targets.get(number);
  }

  Optional<MigrationReport> report() {
    return Optional.ofNullable(report);
  }

  MigrationReport success() {
    if (failure != null) {
      throw new AssertionError("the migration failed", failure);
    }
    checkBarriers();
    for (int i = 0; i < count; i++) {
      assertThat(source(i).machineState()).isEqualTo(DeviceState.STOP);
      assertThat(target(i).machineState()).isEqualTo(DeviceState.RUNNING);
      assertThat(target(i).content()).as("content of device %d", i).isEqualTo(source(i).content());
    }
    assertThat(workload).endsWith("pause", "resume target");
    return report().orElseThrow();
  }

  /** Returns the failure; all devices of the source run with all of their state. */
  MigrationException failureWithSourceRunning() {
    MigrationException e = failure();
    assertThat(e.outcome()).as("%s", e).isIn(Outcome.SOURCE_RUNNING, Outcome.UNTOUCHED);
    for (int i = 0; i < count; i++) {
      assertThat(source(i).machineState()).as("device %d", i).isEqualTo(DeviceState.RUNNING);
      assertThat(source(i).stateFingerprint()).isNotZero();
      assertThat(target(i).stateFingerprint()).as("the target is empty").isZero();
    }
    return e;
  }

  MigrationException failure() {
    checkBarriers();
    assertThat(failure).as("the migration's failure").isNotNull();
    return requireNonNull(failure);
  }

  /** For a test in which a device call never returned. */
  MigrationException failureWithoutChecks() {
    assertThat(failure).as("the migration's failure").isNotNull();
    return requireNonNull(failure);
  }

  /** At no time did both sides run a device with the same state, according to the devices' own records. */
  void checkOneOwner() {
    assertThat(owners).as("both ran with the state").noneMatch(SingleOwnerInvariant::isViolated);
  }

  void checkBarriers() {
    checkOneOwner();
    assertThat(sourceWatch.violations()).as("at the source").isEmpty();
    assertThat(targetWatch.violations()).as("at the target").isEmpty();
    assertThat(sources).allMatch(device -> device.openSessions() == 0);
    assertThat(targets).allMatch(device -> device.openSessions() == 0);
  }

  List<String> acts(SimulatedDevice device) {
    return device.operations().stream().map(Object::toString).toList();
  }

  @Override
  public void completePageFaults(Duration limit) {
    if (hasPageFaults) {
      workload.add(
          "faults while " + sources.stream().map(device -> device.machineState().name()).distinct().toList());
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
}
