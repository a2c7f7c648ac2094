// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.vfiouser.client.VfioUserClient;

/** The result of checking a device of a migration. */
sealed interface DeviceStatus {

  /** Returns the device's address. */
  String name();

  /** Returns whether it may be running with the state that was migrated. */
  boolean mayRun();

  /** Returns the status as a predicate, without the name. */
  String description();

  /**
   * A device that responds. It stays open, so that no other client can change its state before the decision is recorded.
   *
   * @param device the device
   * @param state the state that it reported
   */
  record Reachable(OpenDevice device, DeviceState state) implements DeviceStatus {

    @Override
    public String name() {
      return device.name();
    }

    @Override
    public boolean mayRun() {
      return state.isRunning();
    }

    /** Returns whether it is stopped with a complete state, which it can resume with. */
    boolean canResume() {
      return state == DeviceState.STOP || state == DeviceState.STOP_COPY;
    }

    @Override
    public String description() {
      if (mayRun()) {
        return "runs (%s)%s".formatted(state, keepsState(device.device()) ? ""
            : ", with its state or after a reset: its %s does not report what happens when a client dies"
                .formatted(
                    device.device() instanceof VfioUserClient ? "server" : "driver"));
      }
      return switch (state) {
        case STOP, STOP_COPY -> "is stopped with its state (%s)".formatted(state);
        case RESUMING -> "is in RESUMING with an incomplete state";
        default -> "is in " + state + " without a usable state";
      };
    }

    private static boolean keepsState(MigratableDevice device) {
      return device instanceof VfioUserClient client && client.keepsState() && client.keepsStopped();
    }
  }

  /**
   * A device that no longer exists, or has loaded another state since.
   *
   * @param name its address
   * @param reason how that is known
   */
  record Gone(String name, String reason) implements DeviceStatus {

    @Override
    public boolean mayRun() {
      return false;
    }

    @Override
    public String description() {
      return "is gone: " + reason;
    }
  }

  /**
   * A device that cannot be checked.
   *
   * @param name its address
   * @param reason why not
   * @param isAlive whether it is known to exist, so that --fenced does not apply to it
   */
  record Unverifiable(String name, String reason, boolean isAlive) implements DeviceStatus {

    @Override
    public boolean mayRun() {
      return true;
    }

    @Override
    public String description() {
      return "cannot be checked and may be running: " + reason;
    }
  }

  /**
   * A device whose state a later migration has migrated to another host.
   *
   * @param name its address
   * @param reason the migration and its target
   */
  record MigratedLater(String name, String reason) implements DeviceStatus {

    @Override
    public boolean mayRun() {
      return true;
    }

    @Override
    public String description() {
      return "may be running elsewhere: " + reason;
    }
  }

  /** Returns the status as JSON. */
  default JsonObject json() {
    String condition = switch (this) {
      case Reachable reachable ->
        reachable.mayRun() ? "runs" : reachable.canResume() ? "stopped" : "unusable";
      case Gone _ -> "gone";
      case MigratedLater _ -> "migrated_later";
      case Unverifiable _ -> "unverifiable";
    };
    String state = this instanceof Reachable reachable ? reachable.state().name() : null;
    return Json.object().with("device", name()).with("condition", condition)
        .with("state", state).with("text", description()).build();
  }
}
