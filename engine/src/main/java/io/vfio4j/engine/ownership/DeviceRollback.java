// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.ownership;

import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.device.MigratingDevice;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.plan.Recovery;

/** Brings a device of the source back to where it should be, as far as it can be done; used by the device's thread. */
final class DeviceRollback {

  /** To go back, and once more from where that failed. */
  private static final int ATTEMPTS = 2;

  private final MigratingDevice device;
  private final Throwable cause;

  /**
   * Makes one.
   *
   * @param cause why the device goes back; what fails here is suppressed in it
   */
  DeviceRollback(MigratingDevice device, Throwable cause) {
    this.device = device;
    this.cause = cause;
  }

  /** Brings it to a state in which it runs, or resets it where nothing else helps. */
  Outcome rollBackTo(DeviceState goal) {
    if (!device.isTouched()) {
      return isLost() ? Outcome.SOURCE_LOST : Outcome.UNTOUCHED;
    }
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        return execute(plan(goal));
      } catch (DeviceLostException e) {
        Exceptions.suppress(cause, e);
        return Outcome.SOURCE_LOST;
      } catch (DeviceException | RuntimeException | Error e) {
        Exceptions.suppress(cause, e);
      }
    }
    return resetOrGiveUp(goal);
  }

  private boolean isLost() {
    return cause instanceof DeviceLostException lost && lost.device().equals(device.name());
  }

  private Recovery plan(DeviceState goal) throws DeviceException {
    return Recovery.toReach(goal, device.queryState(), device.device().features());
  }

  private Outcome execute(Recovery plan) throws DeviceException {
    return switch (plan) {
      case Recovery.NoAction _ -> Outcome.SOURCE_RUNNING;
      case Recovery.Rollback unwind -> {
        device.move(unwind.to(), "the migration failed, the source takes its device back");
        yield Outcome.SOURCE_RUNNING;
      }
      case Recovery.Reset reset -> {
        device.reset(reset.reason());
        yield Outcome.SOURCE_RESET;
      }
    };
  }

  /** All attempts failed: where that led to what only a reset helps out of, it is all that is left. */
  private Outcome resetOrGiveUp(DeviceState goal) {
    try {
      Recovery plan = plan(goal);
      return plan instanceof Recovery.Rollback ? Outcome.SOURCE_STOPPED : execute(plan);
    } catch (DeviceLostException e) {
      Exceptions.suppress(cause, e);
      return Outcome.SOURCE_LOST;
    } catch (DeviceException | RuntimeException | Error e) {
      Exceptions.suppress(cause, e);
      return Outcome.SOURCE_STOPPED;
    }
  }
}
