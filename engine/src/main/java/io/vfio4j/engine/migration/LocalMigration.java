// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.preflight.HelloRegions;
import io.vfio4j.engine.preflight.PreFlight;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.transport.LocalConnections;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.Interrupts;
import io.vfio4j.engine.util.NanoClock;
import io.vfio4j.engine.util.TaskWaiter;
import io.vfio4j.model.MigratableDevice;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A migration with both sides in this process. */
public final class LocalMigration {

  private LocalMigration() {
  }

  /**
   * Migrates one device. The source's side runs in the calling thread, the target's in another. An interrupt
   * of the calling thread cancels the migration.
   *
   * @param source the source's device, in RUNNING; it is not closed
   * @param target the target's device, in RUNNING; it is not closed
   * @param options the options of both sides
   * @param workload the program that drives the device
   * @param listener receives the events of both sides, one at a time
   * @return the source's report
   * @throws MigrationException if it failed; the target's exception is suppressed in it
   */
  public static MigrationReport run(MigratableDevice source, MigratableDevice target,
      MigrationOptions options, Workload workload, MigrationListener listener) throws MigrationException {
    return run(DeviceSet.of(source), DeviceSet.of(target), options, workload, listener);
  }

  /**
   * Migrates several devices and their memory together. The source's side runs in the calling thread, the
   * target's in another. An interrupt of the calling thread cancels the migration.
   *
   * @param source the source's devices, in RUNNING; they are not closed
   * @param target the target's devices, in the same order, in RUNNING; they are not closed
   * @param options the options of both sides
   * @param workload the program that drives the devices
   * @param listener receives the events of both sides, one at a time
   * @return the source's report
   * @throws MigrationException if it failed; the target's exception is suppressed in it
   */
  public static MigrationReport run(DeviceSet source, DeviceSet target, MigrationOptions options,
      Workload workload, MigrationListener listener) throws MigrationException {
    LocalConnections connections = LocalConnections.create();
    MigrationListener oneAtATime = oneAtATime(listener);
    return run(new MigrationSource(source, connections.source(), options, workload, oneAtATime),
        new MigrationTarget(target, connections.target(), options, oneAtATime));
  }

  /**
   * Compares two sides, and returns what a migration would refuse. No device is touched.
   *
   * @param source the source's devices; they are not closed
   * @param target the target's devices, in the same order; they are not closed
   * @param options the timeout for device calls, and whether peer DMA is excluded, are used
   * @param resettable returns whether a device will be reset before it migrates or receives a state, so that
   *     its current state does not matter
   * @throws IOException if a device cannot be queried
   */
  public static Comparison compare(DeviceSet source, DeviceSet target, MigrationOptions options,
      Predicate<MigratableDevice> resettable) throws IOException {
    return PreFlight.compare(
        Hello.of(describe(source, Side.SOURCE, options, resettable), HelloRegions.ofSource(source.memory())),
        Hello.of(describe(target, Side.TARGET, options, resettable), HelloRegions.ofTarget(target.memory())),
        options.noPeerDma());
  }

  private static List<Hello.Device> describe(DeviceSet deviceSet, Side side, MigrationOptions options,
      Predicate<MigratableDevice> resettable) throws IOException {
    PhaseTracker tracker = new PhaseTracker(side, NanoClock.SYSTEM, MigrationListener.NONE);
    try (DeviceGroup group = new DeviceGroup(deviceSet.devices(), tracker, options.arcTimeout())) {
      return group.describe(TaskWaiter.unwatched(), resettable);
    }
  }

  static MigrationReport run(MigrationSource source, MigrationTarget target) throws MigrationException {
    TargetThread thread = new TargetThread(target);
    thread.start();
    try {
      return source.run();
    } catch (MigrationException e) {
      thread.finish();
      if (thread.failure != null) {
        Exceptions.suppress(e, thread.failure);
      }
      throw e;
    } finally {
      thread.finish();
    }
  }

  private static MigrationListener oneAtATime(MigrationListener listener) {
    Lock lock = new ReentrantLock();
    return event -> {
      lock.lock();
      try {
        listener.on(event);
      } finally {
        lock.unlock();
      }
    };
  }

  /** Runs the target's side. It ends when the source closes its end of the connection. */
  private static final class TargetThread extends Thread {

    private final MigrationTarget target;
    private @Nullable Throwable failure;

    TargetThread(MigrationTarget target) {
      super("vfio4j-migration-target");
      this.target = target;
    }

    @Override
    public void run() {
      try {
        target.run();
      } catch (MigrationException | RuntimeException | Error e) {
        failure = e;
      }
    }

    /** Waits until the target has put its devices in order; an interrupt is deferred until then. */
    void finish() {
      Interrupts.join(this);
    }
  }
}
