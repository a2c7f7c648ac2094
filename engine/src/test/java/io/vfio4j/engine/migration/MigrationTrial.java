// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.Handover;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.WhenNotConverging;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.LocalTransport;
import io.vfio4j.engine.util.NanoClock;
import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.ManualClock;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** One migration between two simulated devices, and its result. */
@SuppressWarnings("missing-explicit-ctor") // Not API: a test in an exported package.
public final class MigrationTrial implements Workload {

  public static final long SEED = 4711;

  /**
   * Nothing here waits in real time; a slow machine must not count as a failure. A source that waits for its
   * target advances the clock meanwhile, by hours if the target's thread is not scheduled.
   */
  public static final MigrationOptions PATIENT =
      MigrationOptions.defaults().withMaxDowntime(Duration.ofMinutes(1))
          .withPolicy(new DowntimePolicy(Duration.ofDays(3650), WhenNotConverging.ABORT))
          .withMaxQuiesce(Duration.ofMinutes(1)).withArcTimeout(Duration.ofMinutes(1))
          .withStallTimeout(Duration.ofMinutes(1));

  private static final int RING_BYTES = 4000;

  final ManualClock clock = new ManualClock();
  final List<MigrationEvent> events = new ArrayList<>();
  final List<String> workload = new ArrayList<>();
  MigrationOptions options = PATIENT;
  MigrationListener listener = MigrationListener.NONE;
  Handover handover = Handover.NONE;
  UnaryOperator<Transport> sourceTransport = UnaryOperator.identity();
  UnaryOperator<Transport> targetTransport = UnaryOperator.identity();
  SimulatedSettings sourceSettings =
      SimulatedSettings.named("source").withContent(16, SEED).withChanges(2, 300)
          .withClock(clock, 0);
  SimulatedSettings targetSettings = SimulatedSettings.named("target").withClock(clock, 0);

  private final ReentrantLock lock = new ReentrantLock();
  private LocalTransport.@Nullable Pair pair;
  private @Nullable SimulatedDevice source;
  private @Nullable SimulatedDevice target;
  private @Nullable SingleOwnerInvariant owner;
  private @Nullable MigrationReport report;
  private @Nullable MigrationException failure;
  private long identity;

  MigrationTrial run() {
    return run(LocalTransport.pair(RING_BYTES));
  }

  MigrationTrial run(LocalTransport.Pair connection) {
    pair = connection;
    return run(connection.source(), connection.target());
  }

  MigrationTrial run(Transport sourceEnd, Transport targetEnd) {
    identity = identityOf(sourceSettings.device());
    SingleOwnerInvariant watch = new SingleOwnerInvariant(identity);
    owner = watch;
    source = sourceSettings.withObserver(watch).device();
    target = targetSettings.withObserver(watch).device();
    watch.add(source());
    watch.add(target());
    NanoClock time = new TestClock(clock);
    try {
      report = LocalMigration.run(
          new MigrationSource(DeviceSet.of(source()).withHandover(handover),
              Connections.single(sourceTransport.apply(sourceEnd)),
              options, this, this::onEvent, time),
          new MigrationTarget(DeviceSet.of(target()), Connections.single(targetTransport.apply(targetEnd)),
              options, this::onEvent, time));
    } catch (MigrationException e) {
      failure = e;
    }
    return this;
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

  /** Cuts the connection at both ends. */
  void cut() {
    LocalTransport.Pair connection = requireNonNull(pair);
    connection.source().close();
    connection.target().close();
  }

  private static long identityOf(SimulatedDevice device) {
    return ByteBuffer.wrap(device.content()).getLong();
  }

  SimulatedDevice source() {
    return requireNonNull(source);
  }

  SimulatedDevice target() {
    return requireNonNull(target);
  }

  Optional<MigrationReport> report() {
    return Optional.ofNullable(report);
  }

  MigrationReport success() {
    if (failure != null) {
      throw new AssertionError("the migration failed", failure);
    }
    checkAll();
    return report().orElseThrow();
  }

  MigrationException failure() {
    checkAll();
    return failureWithoutChecks();
  }

  /** For a test that moves the devices itself. */
  MigrationException failureWithoutChecks() {
    assertThat(failure).as("the migration's failure").isNotNull();
    return requireNonNull(failure);
  }

  List<String> sourceActs() {
    return source().operations().stream().map(Object::toString).toList();
  }

  List<String> targetActs() {
    return target().operations().stream().map(Object::toString).toList();
  }

  boolean targetRunsWithState() {
    return target().machineState().isRunning() && target().stateFingerprint() == identity;
  }

  /** The invariants of every migration, whatever happened in it. */
  void checkAll() {
    assertThat(requireNonNull(owner).isViolated()).as("both ran with the state").isFalse();
    assertThat(source().openSessions()).as("open sessions of the source").isZero();
    assertThat(target().openSessions()).as("open sessions of the target").isZero();
    if (failure != null) {
      checkFailed(failure);
    } else {
      assertThat(source().machineState()).isEqualTo(DeviceState.STOP);
      assertThat(target().machineState()).isEqualTo(DeviceState.RUNNING);
      assertThat(target().content()).isEqualTo(source().content());
      assertThat(workload).containsExactly("pause", "resume target");
    }
  }

  private void checkFailed(MigrationException e) {
    switch (e.outcome()) {
      case UNTOUCHED, SOURCE_RUNNING -> {
        assertThat(source().machineState()).isEqualTo(DeviceState.RUNNING);
        assertThat(source().stateFingerprint()).isEqualTo(identity);
        assertThat(targetRunsWithState()).isFalse();
        assertThat(workload).isIn(List.of(), List.of("pause", "resume source"));
      }
      case SOURCE_RESET -> {
        assertThat(source().machineState()).isEqualTo(DeviceState.RUNNING);
        assertThat(source().stateFingerprint()).isZero();
      }
      case SOURCE_STOPPED -> assertThat(e.sourceState()).contains(source().machineState());
      case SOURCE_LOST, SOURCE_STUCK -> assertThat(e.sourceState()).isEmpty();
      case SOURCE_QUIET -> throw new AssertionError("a single device was left in its P2P state", e);
      case UNKNOWN -> {
        assertThat(source().machineState()).isEqualTo(DeviceState.STOP_COPY);
        assertThat(source().stateFingerprint()).isEqualTo(identity);
      }
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
