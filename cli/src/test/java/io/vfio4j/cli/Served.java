// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.devices.ScratchLayout;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.ClientOptions;
import io.vfio4j.vfiouser.VfioUserClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A device server in a process of its own, for tests: writes marks into its device and looks for them. */
final class Served implements AutoCloseable {

  private static final int MEMORY = 4 << 20;

  private final ChildServer server;

  private Served(ChildServer server) {
    this.server = server;
  }

  static Served at(Path socket, String... more) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(
        List.of("serve", "scratch", "--socket", socket.toString(), "--memory", Integer.toString(MEMORY)));
    arguments.addAll(List.of(more));
    return new Served(ChildServer.start(arguments));
  }

  String address() {
    return "vfio-user:" + server.socket();
  }

  ChildServer server() {
    return server;
  }

  VfioUserClient connect() throws DeviceException {
    return VfioUserClient.connect(server.socket(), ClientOptions.DEFAULT.withKeepState(true));
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
    server.close();
  }
}
