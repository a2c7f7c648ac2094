// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.util.Locale;

/** What a check of one device of a migration found. */
sealed interface DeviceStatus {

  /** Returns the device's address. */
  String name();

  /** Returns whether it may be running with the state that was moved. */
  boolean mayRun();

  /** Returns what was found, without the name: the end of a sentence. */
  String description();

  /**
   * A device that answers. It stays open, so that no other client can move it before the decision is recorded.
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

    /** Returns whether it is stopped with a whole state, which it can run with. */
    boolean canResume() {
      return state == DeviceState.STOP || state == DeviceState.STOP_COPY;
    }

    @Override
    public String description() {
      if (mayRun()) {
        return "runs (%s)%s".formatted(state, keepsState(device.device()) ? ""
            : ", with its state or as after a reset: its %s does not say what it does when a client dies"
                .formatted(
                    device.device() instanceof VfioUserClient ? "server" : "driver"));
      }
      return switch (state) {
        case STOP, STOP_COPY -> "is stopped with its state (%s)".formatted(state);
        case RESUMING -> "is in RESUMING, with a state that was not loaded to its end";
        default -> "is in " + state + ", without a usable state";
      };
    }

    private static boolean keepsState(MigratableDevice device) {
      return device instanceof VfioUserClient client && client.keepsState() && client.keepsStopped();
    }
  }

  /**
   * A device that does not exist any more, or has been given another state since.
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
   * @param isAlive whether it is known to exist, so that no word of a person can say that it does not run
   */
  record Unverifiable(String name, String reason, boolean isAlive) implements DeviceStatus {

    @Override
    public boolean mayRun() {
      return true;
    }

    @Override
    public String description() {
      return "cannot be checked, and may run: " + reason;
    }
  }

  /**
   * A device that another migration has moved to another host since, from where this one left it.
   *
   * @param name its address
   * @param reason which migration, and where to
   */
  record MigratedLater(String name, String reason) implements DeviceStatus {

    @Override
    public boolean mayRun() {
      return true;
    }

    @Override
    public String description() {
      return "may run elsewhere: " + reason;
    }
  }

  /** Returns it as JSON. */
  default JsonObject json() {
    String condition = switch (this) {
      case Reachable answering ->
        answering.mayRun() ? "RUNS" : answering.canResume() ? "STOPPED" : "UNUSABLE";
      case Gone _ -> "GONE";
      case MigratedLater _ -> "MOVED_ON";
      case Unverifiable _ -> "UNCHECKED";
    };
    String state = this instanceof Reachable answering ? answering.state().name() : null;
    return Json.object().with("device", name()).with("condition", condition.toLowerCase(Locale.ROOT))
        .with("state", state).with("words", description()).build();
  }
}
