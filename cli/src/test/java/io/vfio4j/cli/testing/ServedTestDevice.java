// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildServer;
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

/** A served device for tests, in which marks are written and checked. */
public final class ServedTestDevice implements AutoCloseable {

  public static final int MEMORY = 4 << 20;

  private final Path socket;
  private final Runnable closer;

  private ServedTestDevice(Path socket, Runnable closer) {
    this.socket = socket;
    this.closer = closer;
  }

  /** Serves a device in a thread, which is faster than in a process. */
  public static ServedTestDevice start(Path socket, String... faults) throws IOException {
    ScratchConfig config = ScratchConfig.named(socket.toString()).withMemorySize(MEMORY);
    for (String fault : faults) {
      config = config.withFault(Fault.parse(fault));
    }
    return start(socket, new ScratchDevice(config));
  }

  /** Serves any device in a thread, and closes it at the end. */
  public static ServedTestDevice start(Path socket, EmulatedDevice device) throws IOException {
    return start(socket, device, MigrationVersions.V2);
  }

  /** Serves a device with some versions of the migration interface. */
  public static ServedTestDevice start(Path socket, MigrationVersions versions) throws IOException {
    ScratchConfig config = ScratchConfig.named(socket.toString()).withMemorySize(MEMORY);
    return start(socket, new ScratchDevice(config), versions);
  }

  /** Serves any device with some versions of the migration interface. */
  public static ServedTestDevice start(Path socket, EmulatedDevice device, MigrationVersions versions)
      throws IOException {
    return start(socket, device, ServerOptions.DEFAULT.withVersions(versions));
  }

  /** Serves a device in a thread, with a recording. */
  public static ServedTestDevice start(Path socket, Recording recording) throws IOException {
    ScratchConfig config = ScratchConfig.named(socket.toString()).withMemorySize(MEMORY);
    return start(socket, new ScratchDevice(config), ServerOptions.DEFAULT.withRecording(recording));
  }

  private static ServedTestDevice start(Path socket, EmulatedDevice device, ServerOptions options)
      throws IOException {
    return run(socket, VfioUserServer.listen(socket, device, options, line -> {
    }), device::close);
  }

  /** Creates a device for each client, destroyed when the client disconnects; served in a thread. */
  public static ServedTestDevice onePerClient(Path socket) throws IOException {
    ScratchConfig config = ScratchConfig.named(socket.toString()).withMemorySize(MEMORY);
    return run(socket,
        MultiDeviceServer.listen(socket, _ -> new ScratchDevice(config), 2, ServerOptions.DEFAULT, line -> {
        }), () -> {
        });
  }

  private static ServedTestDevice run(Path socket, DeviceServer server, Runnable afterwards) {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    Thread.ofPlatform().name("test-server").start(() -> {
      try {
        server.run();
        ended.complete(null);
      } catch (IOException | RuntimeException e) {
        ended.completeExceptionally(e);
      }
    });
    return new ServedTestDevice(socket, () -> {
      server.close();
      ended.join();
      afterwards.run();
    });
  }

  /** Returns the device of a server in a child process. */
  public static ServedTestDevice inChildServer(ChildServer server) {
    return new ServedTestDevice(server.socket(), server::close);
  }

  /** Starts a server in a child process. */
  public static ChildServer process(Path socket) throws IOException, InterruptedException {
    return ChildServer.start(CommandProcesses.serve(socket));
  }

  public String address() {
    return "vfio-user:" + socket;
  }

  public VfioUserClient connect() throws DeviceException {
    return VfioUserClient.connect(socket, ClientOptions.DEFAULT.withKeepState(true));
  }

  /** Connects as a command that saves the state does, which leaves the device as it is. */
  public VfioUserClient connectKeepingState() throws DeviceException {
    return VfioUserClient.connect(socket, ClientOptions.DEFAULT.withKeepState(true).withKeepStopped(true));
  }

  /** Connects likewise, after the server has noticed that its last client disconnected. */
  public VfioUserClient awaitConnection() throws DeviceException {
    long end = System.nanoTime() + CommandProcesses.TIMEOUT.toNanos();
    while (true) {
      try {
        return connectKeepingState();
      } catch (DeviceException e) {
        if (!e.errno().equals(Errno.EBUSY) || System.nanoTime() - end > 0) {
          throw e;
        }
        Thread.onSpinWait();
      }
    }
  }

  /** Writes a value into a register and at both ends of the memory, and disconnects. */
  public void mark(long value) throws DeviceException {
    try (VfioUserClient client = connect()) {
      client.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, value);
      client.writeLong(ScratchLayout.MEMORY_BAR, 0, value);
      client.writeLong(ScratchLayout.MEMORY_BAR, MEMORY - Long.BYTES, value);
    }
  }

  /** Checks that the device runs with the values that {@link #mark} writes. */
  public void assertRunsWith(long value) throws DeviceException {
    try (VfioUserClient client = connect()) {
      assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
      assertThat(client.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isEqualTo(value);
      assertThat(client.readLong(ScratchLayout.MEMORY_BAR, 0)).isEqualTo(value);
      assertThat(client.readLong(ScratchLayout.MEMORY_BAR, MEMORY - Long.BYTES)).isEqualTo(value);
    }
  }

  @Override
  public void close() {
    closer.run();
  }
}
