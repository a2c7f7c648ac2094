// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What becomes of the devices when a migration is over. To be mixed in. */
final class HoldOptions {

  @Option(names = "--then", paramLabel = "COMMAND", description = {
      "Run COMMAND (by sh -c) once the device runs here, and hold the device open until it ends.",
      "VFIO4J_DEVICE is the device's address, or that of the first of several; VFIO4J_DEVICES has all of them, with blanks between."})
  private @Nullable String then;

  @Mixin
  private final NoHoldOption noHoldOption = new NoHoldOption();

  boolean isHoldingAllowed() {
    return noHoldOption.isHoldingAllowed();
  }

  /** Keeps devices that were received, as long as they need somebody to hold them open. */
  void hold(OpenDevices devices, Output output) throws IOException, InterruptedException {
    if (then != null) {
      runCommand(then, devices, output);
      return;
    }
    for (OpenDevice device : devices.list()) {
      if (device.keepsState()) {
        output.line("%s runs, and its server keeps it so.".formatted(device.name()));
        output.event(Json.event("kept").with("device", device.name()).build());
      } else if (device.isInProcess()) {
        output.line("%s ends with this command.".formatted(device.name()));
      }
    }
    OpenDevices held = devices.filter(device -> !device.keepsState() && !device.isInProcess());
    if (!isHoldingAllowed()) {
      held.list().forEach(device -> output
          .warning("vfio4j: %s is let go of now; %s".formatted(device.name(), device.releaseEffect())));
    } else if (!held.isEmpty()) {
      awaitSignal(held, output);
    }
  }

  private static void awaitSignal(OpenDevices devices, Output output) throws InterruptedException {
    CountDownLatch end = new CountDownLatch(1);
    try (Termination.Registration _ = Termination.onSignal(end::countDown)) {
      reportHolding(devices, output, "SIGTERM or Ctrl-C", "signal");
      end.await();
    }
  }

  private static void runCommand(String command, OpenDevices devices, Output output)
      throws IOException, InterruptedException {
    reportHolding(devices, output, "'" + command + "' ends", "command");
    List<String> names = devices.list().stream().map(OpenDevice::name).toList();
    int code;
    try (
        ShellCommand shell = ShellCommand.start(command,
            Map.of("VFIO4J_DEVICE", names.getFirst(), "VFIO4J_DEVICES", String.join(" ", names)));
        Termination.Registration _ = Termination.onSignal(shell::terminate)) {
      code = shell.await();
    }
    if (code != 0) {
      // The migration is done all the same, and that is what the exit code is about.
      output.warning("vfio4j: '%s' ended with exit code %d".formatted(command, code));
    }
    output.event(Json.event("command-ended").with("exit_code", code).build());
  }

  private static void reportHolding(OpenDevices devices, Output output, String until, String kind) {
    for (OpenDevice device : devices.list()) {
      output.line("%s is held open until %s.".formatted(device.name(), until));
      output.event(Json.event("holding").with("device", device.name()).with("until", kind).build());
    }
  }
}
