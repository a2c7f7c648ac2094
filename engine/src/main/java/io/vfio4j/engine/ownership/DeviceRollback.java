// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.ownership;

import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.device.MigratingDevice;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.plan.Recovery;

/** Rolls one device of the source back, as far as possible; used by the device's thread. */
final class DeviceRollback {

  /** The rollback, and once more from the state where it failed. */
  private static final int ATTEMPTS = 2;

  private final MigratingDevice device;
  private final Throwable cause;

  /**
   * Creates the rollback.
   *
   * @param cause why the device is rolled back; errors are suppressed in it
   */
  DeviceRollback(MigratingDevice device, Throwable cause) {
    this.device = device;
    this.cause = cause;
  }

  /** Moves the device to a state in which it runs, or resets it if nothing else is possible. */
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
        device.move(unwind.to(), "the migration failed; the source rolls back");
        yield Outcome.SOURCE_RUNNING;
      }
      case Recovery.Reset reset -> {
        device.reset(reset.reason());
        yield Outcome.SOURCE_RESET;
      }
    };
  }

  /** All attempts failed: resets the device if it is in a state that only a reset leaves. */
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
