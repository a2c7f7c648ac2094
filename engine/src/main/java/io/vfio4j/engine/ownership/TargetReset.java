// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.ownership;

import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.device.MigratingDevice;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.TaskWaiter;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.plan.Recovery;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Resets the devices of a target after a failure, so that none runs with what was loaded. */
public final class TargetReset {

  private final DeviceGroup group;
  private final TargetCommitment commitment;

  /**
   * Creates the reset.
   *
   * @param commitment how far the target had committed
   */
  public TargetReset(DeviceGroup group, TargetCommitment commitment) {
    this.group = group;
    this.commitment = commitment;
  }

  /** What became of the target's devices, from good to bad. */
  public enum Result {
    UNTOUCHED("was not touched", "were not touched", true),
    RESET("was reset", "were reset", true),
    NOT_RUNNING("could not be reset, but does not run with the state",
        "could not all be reset, but none runs with the state", true),
    UNSURE("could not be reset, and whether it runs is unknown",
        "could not all be reset, and whether they run is unknown", false);

    private final String singular;
    private final String plural;
    private final boolean isNotRunning;

    Result(String one, String several, boolean surelyNotRunning) {
      this.singular = one;
      this.plural = several;
      this.isNotRunning = surelyNotRunning;
    }

    public boolean isNotRunning() {
      return isNotRunning;
    }

    public String description(int devices) {
      return devices == 1 ? "its device " + singular : "its devices " + plural;
    }
  }

  /** Resets all devices, and returns the worst result. */
  public Result run(Throwable cause) {
    List<CompletableFuture<Result>> calls =
        group.start(device -> device.isHung() ? notReset(device) : reset(device, cause));
    try {
      TaskWaiter.unwatched().await(calls, TaskWaiter.Limit.of(group.arcTimeout()));
    } catch (IOException | RuntimeException | Error e) {
      Exceptions.suppress(cause, e);
    }
    group.markHung(calls);
    Result worst = Result.UNTOUCHED;
    for (int i = 0; i < calls.size(); i++) {
      CompletableFuture<Result> call = calls.get(i);
      Result result = call.isDone() && !call.isCompletedExceptionally()
          ? call.resultNow()
          : notReset(group.devices().get(i));
      worst = result.compareTo(worst) > 0 ? result : worst;
    }
    return worst;
  }

  private Result reset(MigratingDevice device, Throwable cause) {
    if (!device.isTouched()) {
      return Result.UNTOUCHED;
    }
    try {
      device.reset("discarding what was loaded; " + Recovery.discard().reason());
      return Result.RESET;
    } catch (DeviceException | RuntimeException | Error e) {
      Exceptions.suppress(cause, e);
      return notReset(device);
    }
  }

  /** Before COMMIT no device leaves STOP; after it, only the device itself knows whether it runs. */
  private Result notReset(MigratingDevice device) {
    boolean stopped = commitment != TargetCommitment.STARTING
        || device.lastState().filter(state -> !state.isRunning()).isPresent();
    return stopped ? Result.NOT_RUNNING : Result.UNSURE;
  }
}
