// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.HostMemory;
import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.devices.scratch.ScratchDevice;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.server.VfioUserServer;
import java.io.IOException;
import java.util.function.Consumer;

/** A scratch device in this process, served by its own thread. */
final class SimServer implements AutoCloseable {

  private final ScratchDevice device;
  private final VfioUserServer server;
  private final Thread thread;

  private SimServer(ScratchDevice device, VfioUserServer server, Consumer<String> log) {
    this.device = device;
    this.server = server;
    this.thread = new Thread(() -> {
      try {
        server.run();
      } catch (LinuxException e) {
        log.accept(device.config().name() + ": " + e.getMessage());
      }
    }, "vfio4j-" + device.config().name());
  }

  static SimServer start(UnixSocket socket, DeviceAddress.Sim address, Consumer<String> log)
      throws IOException {
    HostMemory.ofThisHost().require(address.config().memorySize(), address.config().name());
    ScratchDevice device = device(address.config(), log);
    VfioUserServer server = VfioUserServer.of(socket, device,
        ServerOptions.DEFAULT.withVersions(address.versions()), log);
    SimServer sim = new SimServer(device, server, log);
    sim.thread.start();
    return sim;
  }

  private static ScratchDevice device(ScratchConfig config, Consumer<String> log) throws IOException {
    try {
      return new ScratchDevice(config, log, System::nanoTime);
    } catch (IllegalArgumentException e) {
      throw new CommandException(ExitCodes.USAGE, config.name() + ": " + e.getMessage(), e);
    }
  }

  /** Stops the server and waits for its thread, which accesses the device's memory. */
  @Override
  public void close() {
    server.close();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    device.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
