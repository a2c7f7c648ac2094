// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

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
final class Quiescence {

  private final DeviceGroup group;
  private final Waiting waiting;
  private final PausableWorkload workload;
  private final Duration limit;
  private final Narrator narrator;
  private final DowntimeClock parts;

  Quiescence(DeviceGroup group, Waiting waiting, PausableWorkload workload, Duration limit,
      Narrator narrator, DowntimeClock parts) {
    this.group = group;
    this.waiting = waiting;
    this.workload = workload;
    this.limit = limit;
    this.narrator = narrator;
    this.parts = parts;
  }

  /**
   * Enters the grace states and pauses the workload, with which the downtime begins.
   *
   * @param downtime how long the downtime may last
   * @return false if that took too long; everything is as it was then, and the workload runs
   */
  boolean enter(Duration downtime) throws IOException {
    boolean whileWorkloadRuns = group.devices().stream().allMatch(Quiescence::hasGraceState);
    return whileWorkloadRuns ? aroundRunningWorkload(downtime) : underPausedWorkload(downtime);
  }

  private boolean aroundRunningWorkload(Duration downtime) throws IOException {
    if (!enterGraceStates()) {
      return false;
    }
    workload.completePageFaults(limit);
    pauseWorkload(downtime);
    return true;
  }

  /** A device that has no grace state must not be hit while others quiesce: the workload stops first. */
  private boolean underPausedWorkload(Duration downtime) throws IOException {
    pauseWorkload(downtime);
    if (enterGraceStates()) {
      return true;
    }
    workload.resume(Side.SOURCE);
    return false;
  }

  private void pauseWorkload(Duration downtime) throws IOException {
    parts.begins();
    workload.pause(downtime);
    parts.ends(DowntimeParts.Part.PAUSING);
  }

  static boolean hasGraceState(MovedDevice device) {
    return device.has(MigrationFeature.P2P);
  }

  /** Returns whether all got there in time; if not, all are back where they were. */
  private boolean enterGraceStates() throws IOException {
    Duration began = narrator.now();
    List<CompletableFuture<MovedDevice>> calls = group.start(device -> {
      moveIfAny(device, graceState(device), "no new peer-to-peer traffic");
      return device;
    });
    boolean done = waiting.await(calls, Waiting.Limit.of(limit));
    List<String> late = done ? slowIn(began) : lateOf(calls);
    if (!late.isEmpty()) {
      narrator.note("%s took longer than the limit of %s to end peer-to-peer traffic; the devices go back"
          .formatted(String.join(", ", late), Words.time(limit)));
      goBack();
    }
    return late.isEmpty();
  }

  /** The engine's clock has the last word, and it may not be that of the machine. */
  private List<String> slowIn(Duration began) {
    return narrator.now().minus(began).compareTo(limit) > 0
        ? group.devices().stream().filter(Quiescence::hasGraceState).map(MovedDevice::name).toList()
        : List.of();
  }

  private List<String> lateOf(List<CompletableFuture<MovedDevice>> calls) {
    List<MovedDevice> devices = group.devices();
    return IntStream.range(0, calls.size()).filter(i -> !calls.get(i).isDone())
        .mapToObj(i -> devices.get(i).name()).toList();
  }

  /** In a device's thread this comes after the call that it is late with. */
  private void goBack() throws IOException {
    group.move(device -> device.known().flatMap(Quiescence::before), "come back from its grace state",
        "the devices did not quiesce in time", waiting);
  }

  private static void moveIfAny(MovedDevice device, Optional<DeviceState> target, String reason)
      throws IOException {
    if (target.isPresent()) {
      device.move(target.get(), reason);
    }
  }

  private static Optional<DeviceState> graceState(MovedDevice device) {
    if (!hasGraceState(device)) {
      return Optional.empty();
    }
    boolean saving = device.known().filter(DeviceState::isSaving).isPresent();
    return Optional.of(saving ? DeviceState.PRE_COPY_P2P : DeviceState.RUNNING_P2P);
  }

  /** Returns where a device was before it entered a grace state, if it is in one. */
  private static Optional<DeviceState> before(DeviceState graceState) {
    return switch (graceState) {
      case PRE_COPY_P2P -> Optional.of(DeviceState.PRE_COPY);
      case RUNNING_P2P -> Optional.of(DeviceState.RUNNING);
      default -> Optional.empty();
    };
  }
}
