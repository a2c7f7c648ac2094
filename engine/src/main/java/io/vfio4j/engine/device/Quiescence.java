// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.device;

import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.progress.DowntimeClock;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.util.TaskWaiter;
import io.vfio4j.engine.util.Units;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/**
 * The barrier before the stop: every device is in its P2P state, in which it starts no peer-to-peer DMA,
 * before any device leaves it; and the workload is paused. This is the place for steps between the last round
 * of pre-copy and the stop of the devices.
 *
 * <p>
 * The transition has a timeout, but a call cannot be cancelled. When the timeout expires, no further device
 * is moved, devices already in a P2P state return at once, and a late one when its call returns. If all
 * devices have a P2P state, the workload runs meanwhile and is not affected.
 */
public final class Quiescence {

  private final DeviceGroup group;
  private final TaskWaiter waiter;
  private final PausableWorkload workload;
  private final Duration limit;
  private final PhaseTracker tracker;
  private final DowntimeClock parts;

  public Quiescence(DeviceGroup group, TaskWaiter waiter, PausableWorkload workload, DowntimeClock parts,
      MigrationOptions options) {
    this.group = group;
    this.waiter = waiter;
    this.workload = workload;
    this.limit = options.maxQuiesce();
    this.tracker = parts.tracker();
    this.parts = parts;
  }

  /**
   * Moves the devices to their P2P states and pauses the workload, which begins the downtime.
   *
   * @param downtime the maximum downtime
   * @return false if it timed out; then the devices are in their previous states, and the workload runs
   */
  public boolean enter(Duration downtime) throws IOException {
    boolean whileWorkloadRuns = group.devices().stream().allMatch(Quiescence::hasP2p);
    return whileWorkloadRuns ? quiesceThenPause(downtime) : pauseThenQuiesce(downtime);
  }

  private boolean quiesceThenPause(Duration downtime) throws IOException {
    if (!enterP2pStates()) {
      return false;
    }
    workload.completePageFaults(limit);
    pauseWorkload(downtime);
    return true;
  }

  /**
   * A device without a P2P state must not receive DMA while others quiesce, so the workload is paused first.
   */
  private boolean pauseThenQuiesce(Duration downtime) throws IOException {
    pauseWorkload(downtime);
    if (enterP2pStates()) {
      return true;
    }
    workload.resume(Side.SOURCE);
    return false;
  }

  private void pauseWorkload(Duration downtime) throws IOException {
    parts.start();
    workload.pause(downtime);
    parts.endPart(DowntimeParts.Part.PAUSING);
  }

  static boolean hasP2p(MigratingDevice device) {
    return device.has(MigrationFeature.P2P);
  }

  /** Returns whether all devices arrived in time; if not, all have returned to their previous states. */
  private boolean enterP2pStates() throws IOException {
    Duration began = tracker.now();
    List<CompletableFuture<MigratingDevice>> calls = group.start(device -> {
      moveIfPresent(device, p2pState(device), "quiesce peer-to-peer DMA");
      return device;
    });
    boolean done = waiter.await(calls, TaskWaiter.Limit.of(limit));
    List<String> late = done ? slowDevices(began) : lateDevices(calls);
    if (!late.isEmpty()) {
      tracker
          .note("%s did not quiesce peer-to-peer DMA within %s; the devices return to their previous states"
              .formatted(String.join(", ", late), Units.duration(limit)));
      rollBack();
    }
    return late.isEmpty();
  }

  /**
   * Returns the devices that exceeded the limit by the engine's clock, which may differ from the machine's.
   */
  private List<String> slowDevices(Duration began) {
    return tracker.now().minus(began).compareTo(limit) > 0
        ? group.devices().stream().filter(Quiescence::hasP2p).map(MigratingDevice::name).toList()
        : List.of();
  }

  private List<String> lateDevices(List<CompletableFuture<MigratingDevice>> calls) {
    List<MigratingDevice> devices = group.devices();
    return IntStream.range(0, calls.size()).filter(i -> !calls.get(i).isDone())
        .mapToObj(i -> devices.get(i).name()).toList();
  }

  /** Queued in each device's thread, so that a late device is moved back after its call has returned. */
  private void rollBack() throws IOException {
    group.move(device -> device.lastState().flatMap(Quiescence::stateBefore),
        "return from its P2P state",
        "the devices did not quiesce in time", waiter);
  }

  private static void moveIfPresent(MigratingDevice device, Optional<DeviceState> target, String reason)
      throws IOException {
    if (target.isPresent()) {
      device.move(target.get(), reason);
    }
  }

  private static Optional<DeviceState> p2pState(MigratingDevice device) {
    if (!hasP2p(device)) {
      return Optional.empty();
    }
    boolean saving = device.lastState().filter(DeviceState::isSaving).isPresent();
    return Optional.of(saving ? DeviceState.PRE_COPY_P2P : DeviceState.RUNNING_P2P);
  }

  /** Returns the state before a P2P state; empty for any other state. */
  private static Optional<DeviceState> stateBefore(DeviceState p2pState) {
    return switch (p2pState) {
      case PRE_COPY_P2P -> Optional.of(DeviceState.PRE_COPY);
      case RUNNING_P2P -> Optional.of(DeviceState.RUNNING);
      default -> Optional.empty();
    };
  }
}
