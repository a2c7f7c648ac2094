// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.devices.scratch.Fault;
import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.devices.scratch.ScratchDevice;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.recording.Recording;
import io.vfio4j.vfiouser.server.DeviceServer;
import io.vfio4j.vfiouser.server.MigrationVersions;
import io.vfio4j.vfiouser.server.MultiDeviceServer;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.server.VfioUserServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** A device that is served, for tests: writes marks into it and looks for them. */
final class Served implements AutoCloseable {

  static final int MEMORY = 4 << 20;

  private final Path socket;
  private final Runnable end;

  private Served(Path socket, Runnable end) {
    this.socket = socket;
    this.end = end;
  }

  /** Serves a device in a thread: a process costs a second, and not every test is about processes. */
  static Served at(Path socket, String... faults) throws IOException {
    ScratchConfig config = ScratchConfig.named(socket.toString()).withMemorySize(MEMORY);
    for (String fault : faults) {
      config = config.withFault(Fault.parse(fault));
    }
    return at(socket, new ScratchDevice(config));
  }

  /** Serves a device of any kind in a thread, and closes it in the end. */
  static Served at(Path socket, EmulatedDevice device) throws IOException {
    return at(socket, device, MigrationVersions.V2);
  }

  /** Serves a device that is driven by versions of one's choice. */
  static Served at(Path socket, MigrationVersions versions) throws IOException {
    ScratchConfig config = ScratchConfig.named(socket.toString()).withMemorySize(MEMORY);
    return at(socket, new ScratchDevice(config), versions);
  }

  /** Serves a device of any kind that is driven by versions of one's choice. */
  static Served at(Path socket, EmulatedDevice device, MigrationVersions versions)
      throws IOException {
    return at(socket, device, ServerOptions.DEFAULT.withVersions(versions));
  }

  /** Serves a device in a thread, and records what its server hears and says. */
  static Served at(Path socket, Recording recording) throws IOException {
    ScratchConfig config = ScratchConfig.named(socket.toString()).withMemorySize(MEMORY);
    return at(socket, new ScratchDevice(config), ServerOptions.DEFAULT.withRecording(recording));
  }

  private static Served at(Path socket, EmulatedDevice device, ServerOptions options) throws IOException {
    return run(socket, VfioUserServer.listen(socket, device, options, line -> {
    }), device::close);
  }

  /** Serves each client a device of its own, which goes with it, in a thread. */
  static Served anewForEach(Path socket) throws IOException {
    ScratchConfig config = ScratchConfig.named(socket.toString()).withMemorySize(MEMORY);
    return run(socket,
        MultiDeviceServer.listen(socket, _ -> new ScratchDevice(config), 2, ServerOptions.DEFAULT, line -> {
        }), () -> {
        });
  }

  private static Served run(Path socket, DeviceServer server, Runnable afterwards) {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    Thread.ofPlatform().name("test-server").start(() -> {
      try {
        server.run();
        ended.complete(null);
      } catch (IOException | RuntimeException e) {
        ended.completeExceptionally(e);
      }
    });
    return new Served(socket, () -> {
      server.close();
      ended.join();
      afterwards.run();
    });
  }

  /** The device of a server in a process of its own. */
  static Served by(ChildServer server) {
    return new Served(server.socket(), server::close);
  }

  /** Starts a server in a process of its own. */
  static ChildServer process(Path socket) throws IOException, InterruptedException {
    return ChildServer.start(Children.serve(socket));
  }

  String address() {
    return "vfio-user:" + socket;
  }

  VfioUserClient connect() throws DeviceException {
    return VfioUserClient.connect(socket, ClientOptions.DEFAULT.withKeepState(true));
  }

  /** Connects as who takes the state of the device does, and leaves it as it is. */
  VfioUserClient connectToKeep() throws DeviceException {
    return VfioUserClient.connect(socket, ClientOptions.DEFAULT.withKeepState(true).withKeepStopped(true));
  }

  /** Connects so as soon as the server has seen that its last client is gone. */
  VfioUserClient connectWhenFree() throws DeviceException {
    long end = System.nanoTime() + Children.PATIENCE.toNanos();
    while (true) {
      try {
        return connectToKeep();
      } catch (DeviceException e) {
        if (!e.errno().equals(Errno.EBUSY) || System.nanoTime() - end > 0) {
          throw e;
        }
        Thread.onSpinWait();
      }
    }
  }

  /** Writes a value into a register and at both ends of the memory, and lets go of the device. */
  void mark(long value) throws DeviceException {
    try (VfioUserClient client = connect()) {
      client.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, value);
      client.writeLong(ScratchLayout.MEMORY_BAR, 0, value);
      client.writeLong(ScratchLayout.MEMORY_BAR, MEMORY - Long.BYTES, value);
    }
  }

  /** Checks that the device runs with a value where {@link #mark} puts it. */
  void assertRunsWith(long value) throws DeviceException {
    try (VfioUserClient client = connect()) {
      assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
      assertThat(client.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isEqualTo(value);
      assertThat(client.readLong(ScratchLayout.MEMORY_BAR, 0)).isEqualTo(value);
      assertThat(client.readLong(ScratchLayout.MEMORY_BAR, MEMORY - Long.BYTES)).isEqualTo(value);
    }
  }

  @Override
  public void close() {
    end.run();
  }
}
