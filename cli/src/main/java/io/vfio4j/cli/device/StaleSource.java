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
 * A device whose state is wanted, as the last user left it: to close a kernel device does not reset it, and a server
 * keeps the state where a command died that was taking it.
 */
final class StaleSource {

  private StaleSource() {
  }

  /**
   * Sees to it that the device runs.
   *
   * @param reset whether to reset it if it does not
   * @throws CommandException if it does not, and is left alone
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
          "%s is in %s, as its last user left it, and a migration begins in RUNNING; nothing was touched. %s"
              .formatted(name, state, device instanceof VfioUserClient
                  ? OpenDevice.of(device, log).recoveryAdvice(state)
                  : "What it holds may be all there is of its state: if nobody needs it any more, add --reset"),
          null);
    }
    device.reset();
    log.accept("vfio4j: %s was in %s and has been reset".formatted(name, state));
  }
}
