// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.device;

import io.vfio4j.engine.DowntimeParts;
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
 * The barrier on the way down: every device is in its grace state, where it starts no peer-to-peer traffic, before any
 * goes past it.
 *
 * <p>
 * Nobody can bound how long a device takes for that, and a call that moves one cannot be taken back. So it has a limit,
 * and when that passes no new move is begun, the devices already there go back at once and a late one as soon as its
 * call returns. If all devices can do it, the workload runs on meanwhile and notices nothing.
 */
public final class Quiescence {

  private final DeviceGroup group;
  private final TaskWaiter waiter;
  private final PausableWorkload workload;
  private final Duration limit;
  private final PhaseTracker tracker;
  private final DowntimeClock parts;

  public Quiescence(DeviceGroup group, TaskWaiter waiter, PausableWorkload workload,
      DowntimeClock parts, Duration limit) {
    this.group = group;
    this.waiter = waiter;
    this.workload = workload;
    this.limit = limit;
    this.tracker = parts.tracker();
    this.parts = parts;
  }

  /**
   * Enters the grace states and pauses the workload, with which the downtime begins.
   *
   * @param downtime how long the downtime may last
   * @return false if that took too long; everything is as it was then, and the workload runs
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

  /** A device that has no grace state must not be hit while others quiesce: the workload stops first. */
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

  /** Returns whether all got there in time; if not, all are back where they were. */
  private boolean enterP2pStates() throws IOException {
    Duration began = tracker.now();
    List<CompletableFuture<MigratingDevice>> calls = group.start(device -> {
      moveIfPresent(device, p2pState(device), "no new peer-to-peer traffic");
      return device;
    });
    boolean done = waiter.await(calls, TaskWaiter.Limit.of(limit));
    List<String> late = done ? slowDevices(began) : lateDevices(calls);
    if (!late.isEmpty()) {
      tracker.note("%s took longer than the limit of %s to end peer-to-peer traffic; the devices go back"
          .formatted(String.join(", ", late), Units.duration(limit)));
      rollBack();
    }
    return late.isEmpty();
  }

  /** The engine's clock has the last word, and it may not be that of the machine. */
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

  /** In a device's thread this comes after the call that it is late with. */
  private void rollBack() throws IOException {
    group.move(device -> device.lastState().flatMap(Quiescence::stateBefore),
        "come back from its grace state",
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

  /** Returns where a device was before it entered a grace state, if it is in one. */
  private static Optional<DeviceState> stateBefore(DeviceState graceState) {
    return switch (graceState) {
      case PRE_COPY_P2P -> Optional.of(DeviceState.PRE_COPY);
      case RUNNING_P2P -> Optional.of(DeviceState.RUNNING);
      default -> Optional.empty();
    };
  }
}
