// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import io.vfio4j.interop.qmp.QmpClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A process of QEMU, whose standard input and output are the guest's second serial port.
 *
 * @param process the process that limits QEMU's lifetime, whose child is QEMU
 * @param console the file of the guest's console
 * @param errors the file of QEMU's standard error
 * @param monitor the socket of QEMU's monitor
 */
record QemuProcess(Process process, Path console, Path errors, Path monitor) {

  private static final Duration START_TIMEOUT = Duration.ofSeconds(30);

  /**
   * Starts QEMU.
   *
   * @param kit the kit with QEMU
   * @param machine the arguments of QEMU
   * @param folder the folder for the output of the guest and of QEMU
   * @param name for file names
   * @param more arguments that follow those of the machine
   */
  static QemuProcess start(GuestKit kit, QemuArguments machine, Path folder, String name, String... more)
      throws IOException {
    Path console = folder.resolve(name + "-console.log");
    Path errors = folder.resolve(name + "-qemu.log");
    Path monitor = folder.resolve(name + ".qmp");
    List<String> command = new ArrayList<>(
        List.of("timeout", "--kill-after=5", Long.toString(machine.lifetime().toSeconds())));
    command.addAll(kit.qemu());
    command.addAll(machine.arguments(console));
    command.addAll(List.of("-qmp", "unix:" + monitor + ",server=on,wait=off"));
    command.addAll(List.of(more));
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
    builder.environment().put("QEMU_MODULE_DIR", kit.qemuModules().toString());
    return new QemuProcess(builder.start(), console, errors, monitor);
  }

  /**
   * Connects to the monitor, and waits until QEMU has created the machine with its devices.
   *
   * @throws GuestException if QEMU exits instead
   */
  QmpClient connectMonitor() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
    while (!Files.exists(monitor)) {
      if (process.waitFor(10, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
        throw new GuestException("QEMU has no monitor: " + tail(Integer.MAX_VALUE));
      }
    }
    // QEMU creates its monitors before its devices, but serves them only when it has all.
    return QmpClient.connect(monitor);
  }

  /** Returns the last lines of the kernel's and of QEMU's output. */
  String tail(int lines) throws IOException {
    return ToolProcess.tail(List.of(console, errors), lines);
  }

  /** Kills QEMU with SIGKILL and waits for it to exit. */
  void kill() {
    List<ProcessHandle> qemu = process.descendants().toList();
    qemu.forEach(ProcessHandle::destroyForcibly);
    qemu.forEach(child -> child.onExit().join());
    process.destroyForcibly();
    process.onExit().join();
  }
}
