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

/** Options that say how long target devices are held open after a migration: a picocli mixin. */
final class HoldOptions {

  @Option(names = "--then", paramLabel = "COMMAND", description = {
      "Run COMMAND with sh -c when the device runs here, and hold the device open until COMMAND ends.",
      "In its environment, VFIO4J_DEVICE is the address of the (first) device, and VFIO4J_DEVICES the addresses of all, separated by spaces."})
  private @Nullable String then;

  @Mixin
  private final NoHoldOption noHoldOption = new NoHoldOption();

  boolean isHoldingAllowed() {
    return noHoldOption.isHoldingAllowed();
  }

  /** Holds devices open that would not keep running otherwise, until a signal or the end of the command. */
  void hold(OpenDevices devices, Output output) throws IOException, InterruptedException {
    if (then != null) {
      runCommand(then, devices, output);
      return;
    }
    for (OpenDevice device : devices.list()) {
      if (device.keepsState()) {
        output.line("%s runs; its server keeps it running.".formatted(device.name()));
        output.event(Json.event("kept").with("device", device.name()).build());
      } else if (device.isInProcess()) {
        output.line("%s ends with this command.".formatted(device.name()));
      }
    }
    OpenDevices held = devices.filter(device -> !device.keepsState() && !device.isInProcess());
    if (!isHoldingAllowed()) {
      held.list().forEach(device -> output
          .warning("%s is closed now; %s".formatted(device.name(), device.releaseEffect())));
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
      // The exit code is about the migration, which has succeeded.
      output.warning("'%s' ended with exit code %d".formatted(command, code));
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
