// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.devices.DeviceSetup;
import io.vfio4j.devices.idio16.Idio16Device;
import io.vfio4j.devices.idio16.Idio16Layout;
import io.vfio4j.devices.idio16.Wiring;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The PCI-IDIO-16 card, served and migrated by commands. */
class Idio16IT {

  @TempDir
  private Path folder;

  private ServedTestDevice card(String name) throws IOException {
    Path socket = folder.resolve(name);
    return ServedTestDevice.start(socket,
        new Idio16Device(DeviceSetup.named(socket.toString()), Wiring.LOOPBACK));
  }

  private static int get(VfioUserClient client, int register) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(1);
      client.readRegion(Idio16Layout.REGISTERS_BAR, register, value);
      return value.get(ValueLayout.JAVA_BYTE, 0) & 0xff;
    }
  }

  private static void set(VfioUserClient client, int register, int value) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(1);
      data.set(ValueLayout.JAVA_BYTE, 0, (byte) value);
      client.writeRegion(Idio16Layout.REGISTERS_BAR, register, data);
    }
  }

  @Test
  void passesConformanceChecks() throws Exception {
    try (ServedTestDevice card = card("a")) {
      CommandRun run = CommandRun.vfio4j("conform", card.address());

      assertThat(run.out()).contains("494f:0dc8").contains("no check failed: ");
      assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    }
  }

  @Test
  void migratesOutputsAndInterrupts() throws Exception {
    try (ServedTestDevice from = card("a"); ServedTestDevice to = card("b")) {
      try (VfioUserClient client = from.connect()) {
        set(client, Idio16Layout.OUT_LOW, 0x5a);
        get(client, Idio16Layout.IRQ);
        set(client, Idio16Layout.OUT_HIGH, 0x81);
      }

      CommandRun run = CommandRun.vfio4j("migrate", "--from", from.address(), "--to", to.address());

      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
      try (VfioUserClient client = to.connect()) {
        assertThat(get(client, Idio16Layout.OUT_LOW)).isEqualTo(0x5a);
        assertThat(get(client, Idio16Layout.IN_HIGH)).isEqualTo(0x81);
        assertThat(get(client, Idio16Layout.STATUS))
            .isEqualTo(Idio16Layout.STATUS_HIGH | Idio16Layout.STATUS_INTERRUPT);
      }
    }
  }

  @Test
  void servesInputsFromFile() throws Exception {
    Path file = folder.resolve("inputs");
    Files.writeString(file, "0x0102");
    List<String> serve = List.of("serve", "idio-16", "--socket", folder.resolve("c").toString(), "--inputs",
        file.toString());
    try (ChildServer server = ChildServer.start(serve);
        VfioUserClient client = ServedTestDevice.inChildServer(server).connect()) {
      assertThat(get(client, Idio16Layout.IN_LOW)).isEqualTo(2);
      Files.writeString(file, "0x0300");
      assertThat(get(client, Idio16Layout.IN_HIGH)).isEqualTo(3);
    }
  }
}
