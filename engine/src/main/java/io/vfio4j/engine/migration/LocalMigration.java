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
   * Moves a device. The source's side runs in the calling thread, the target's in one of its own. An
   * interrupt of the calling thread cancels the migration.
   *
   * @param source the device that leaves, in RUNNING; it is not closed
   * @param target the device that receives its state, in RUNNING; it is not closed
   * @param options how to do it
   * @param workload what drives the device
   * @param listener hears what happens on both sides, one event at a time
   * @return what was done
   * @throws MigrationException if it failed; what the target says is suppressed in it
   */
  public static MigrationReport run(MigratableDevice source, MigratableDevice target,
      MigrationOptions options,
      Workload workload, MigrationListener listener) throws MigrationException {
    return run(DeviceSet.of(source), DeviceSet.of(target), options, workload, listener);
  }

  /**
   * Moves several devices together, with what belongs to them. The source's side runs in the calling thread, the
   * target's in one of its own. An interrupt of the calling thread cancels the migration.
   *
   * @param source the devices that leave, in RUNNING; they are not closed
   * @param target the devices that receive their state, in the same order, in RUNNING; they are not closed
   * @param options how to do it
   * @param workload what drives the devices
   * @param listener hears what happens on both sides, one event at a time
   * @return what was done
   * @throws MigrationException if it failed; what the target says is suppressed in it
   */
  public static MigrationReport run(DeviceSet source, DeviceSet target, MigrationOptions options,
      Workload workload, MigrationListener listener) throws MigrationException {
    LocalConnections connections = LocalConnections.create();
    MigrationListener oneAtATime = oneAtATime(listener);
    return run(new MigrationSource(source, connections.source(), options, workload, oneAtATime),
        new MigrationTarget(target, connections.target(), options, oneAtATime));
  }

  /**
   * Tells whether a migration would be refused for what the sides have. No device is touched.
   *
   * @param source the devices that would leave; they are not closed
   * @param target the devices that would receive their state, in the same order; they are not closed
   * @param options of these, the patience for calls, and whether no device reaches another's memory
   * @param resettable tells of a device whether it is going to be reset before it moves, or is given a state, so that it
   *     does not matter where it is now
   * @throws IOException if a device cannot be asked
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

  /** Runs the target's side; the source closes its end when it is done, so this one ends too. */
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

    /** Waits for the end; an interrupt is kept for later, for the target's device must not be left behind. */
    void finish() {
      boolean interrupted = false;
      while (isAlive()) {
        try {
          join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
