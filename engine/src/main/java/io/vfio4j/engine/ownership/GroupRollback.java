// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.ownership;

import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.device.DeviceThread;
import io.vfio4j.engine.device.MigratingDevice;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.TaskWaiter;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Rolls back all devices of the source, with the same barrier as a start: all are in RUNNING_P2P before any
 * is in RUNNING. If one device stays stopped, the others stay in their P2P states.
 */
public final class GroupRollback {

  private final DeviceGroup group;
  private final Throwable cause;
  private final boolean noPeerDma;

  public GroupRollback(DeviceGroup group, Throwable cause, boolean noPeerDma) {
    this.group = group;
    this.cause = cause;
    this.noPeerDma = noPeerDma;
  }

  /** Rolls back, and returns the outcome of each device. */
  public List<Outcome> run() {
    boolean barrier = group.size() > 1 && !noPeerDma;
    if (!barrier) {
      return each(device -> new DeviceRollback(device, cause).rollBackTo(DeviceState.RUNNING));
    }
    List<Outcome> quiet = each(this::rollBackToP2p);
    if (quiet.stream().anyMatch(GroupRollback::isStopped)) {
      return holdInP2p(quiet);
    }
    List<Outcome> running = each(device -> new DeviceRollback(device, cause).rollBackTo(DeviceState.RUNNING));
    List<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < quiet.size(); i++) {
      // A device that was reset in the first step is in RUNNING after the second, but its state is lost all
      // the same.
      outcomes.add(Outcome.worse(quiet.get(i), running.get(i)));
    }
    return outcomes;
  }

  /**
   * Returns whether a device is stopped or in an unknown state, so that no other may access it. A lost device
   * cannot be accessed.
   */
  private static boolean isStopped(Outcome outcome) {
    return outcome == Outcome.SOURCE_STOPPED || outcome == Outcome.SOURCE_STUCK;
  }

  private Outcome rollBackToP2p(MigratingDevice device) throws IOException {
    DeviceRollback rollback = new DeviceRollback(device, cause);
    if (!device.isTouched()) {
      return rollback.rollBackTo(DeviceState.RUNNING); // It is in RUNNING, unless it is lost.
    }
    DeviceState at = device.queryState();
    if (at == DeviceState.ERROR) {
      return rollback.rollBackTo(DeviceState.RUNNING); // Only a reset is left.
    }
    return !at.isRunning() && device.has(MigrationFeature.P2P)
        ? rollback.rollBackTo(DeviceState.RUNNING_P2P)
        : Outcome.SOURCE_RUNNING;
  }

  /** Keeps the intact devices in states in which they start no peer-to-peer DMA. */
  private List<Outcome> holdInP2p(List<Outcome> quiet) {
    List<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < quiet.size(); i++) {
      Optional<DeviceState> state = group.devices().get(i).lastState();
      boolean inP2pState = state.isPresent()
          && (state.get() == DeviceState.RUNNING_P2P || state.get() == DeviceState.PRE_COPY_P2P);
      outcomes.add(quiet.get(i) == Outcome.SOURCE_RUNNING && inP2pState
          ? Outcome.SOURCE_QUIET
          : quiet.get(i));
    }
    return outcomes;
  }

  private List<Outcome> each(DeviceThread.Task<Outcome> task) {
    List<CompletableFuture<Outcome>> calls = group.start(device -> device.isHung()
        ? Outcome.SOURCE_STUCK
        : task.run(device));
    try {
      TaskWaiter.unwatched().await(calls, TaskWaiter.Limit.of(group.arcTimeout()));
    } catch (IOException | RuntimeException | Error e) {
      Exceptions.suppress(cause, e);
    }
    group.markHung(calls);
    return calls.stream().map(GroupRollback::outcome).toList();
  }

  private static Outcome outcome(CompletableFuture<Outcome> call) {
    if (!call.isDone()) {
      return Outcome.SOURCE_STUCK;
    }
    if (call.isCompletedExceptionally()) {
      return call.exceptionNow() instanceof DeviceLostException
          ? Outcome.SOURCE_LOST
          : Outcome.SOURCE_STOPPED;
    }
    return call.resultNow();
  }
}
