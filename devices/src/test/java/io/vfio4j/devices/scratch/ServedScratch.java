// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.server.VfioUserServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/** A scratch device that a thread of its own serves, with a control socket and a client of it. */
final class ServedScratch implements AutoCloseable {

  final ControlClient control;
  private final Path socket;
  private final ScratchDevice device;
  private final VfioUserServer server;
  private final CompletableFuture<Void> end;

  ServedScratch(Path folder, String name, ScratchConfig config, UnaryOperator<ServerOptions.Builder> options)
      throws IOException {
    socket = folder.resolve(name);
    Path controlSocket = folder.resolve(name + ".control");
    device = new ScratchDevice(config);
    server = VfioUserServer.listen(socket, device,
        options.apply(ServerOptions.builder().control(controlSocket)).build(), _ -> {
        });
    end = CompletableFuture.runAsync(this::serve, task -> new Thread(task, name).start());
    control = ControlClient.connect(controlSocket,
        ClientOptions.DEFAULT.withKeepState(true).withKeepStopped(true));
  }

  private void serve() {
    try {
      server.run();
    } catch (LinuxException e) {
      throw new AssertionError("the server has failed", e);
    }
  }

  VfioUserClient connect() throws DeviceException {
    return VfioUserClient.connect(socket, ClientOptions.DEFAULT);
  }

  @Override
  public void close() {
    control.close();
    server.close();
    assertThat(end).succeedsWithin(Duration.ofSeconds(10));
    device.close();
  }
}
