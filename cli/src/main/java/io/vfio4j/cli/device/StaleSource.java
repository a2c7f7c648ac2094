// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.util.function.Consumer;

/**
 * A source device as its last user left it: closing a kernel device does not reset it, and a server keeps the state if a
 * command died while saving it.
 */
final class StaleSource {

  private StaleSource() {
  }

  /**
   * Ensures that the device is in RUNNING.
   *
   * @param reset whether to reset it if it is not
   * @throws CommandException if it is not, and is not to be reset
   */
  static void prepare(MigratableDevice device, boolean reset, Consumer<String> log)
      throws DeviceException, CommandException {
    DeviceState state = device.state();
    if (state == DeviceState.RUNNING) {
      return;
    }
    String name = device.identity().name();
    if (!reset) {
      throw new CommandException(ExitCodes.FAILURE,
          "%s is in %s, as its last user left it, but a migration starts in RUNNING; nothing was touched. %s"
              .formatted(name, state, device instanceof VfioUserClient
                  ? OpenDevice.of(device, log).recoveryAdvice(state)
                  : "This may be the only copy of its state; if it is not needed, add --reset"),
          null);
    }
    device.reset();
    log.accept("%s was in %s and has been reset".formatted(name, state));
  }
}
