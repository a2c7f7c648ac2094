// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.devices.scratch.ScratchDevice;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.server.MigrationVersions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Devices and memory with fixed contents, of which saved files are kept as fixtures; a restored file is compared with them.
 */
enum SavedSample {

  /** A device whose source keeps running. */
  DEVICE("device", 1, MigrationVersions.V2),
  /** A device of version 1 of the migration interface, whose stream has segments. */
  SEGMENTS("segments", 1, MigrationVersions.V1),
  /** Two devices and memory, whose sources were stopped. */
  TWO_AND_MEMORY("two-and-memory", 2, MigrationVersions.V2);

  private static final int PAGE = ScratchLayout.PAGE_SIZE;
  private static final int DEVICE_BYTES = 2 * PAGE;
  private static final int REGION_BYTES = 4 * PAGE;
  private static final String REGION_IOVA = "0x100000000";
  private static final int SCRATCH_VALUE = 0x5a11_0000;
  private static final int TRAFFIC_IOVA_VALUE = 0x1234_5000;
  private static final int UNMAPPED = 0x7fff_f000;

  private final String word;
  private final int count;
  private final MigrationVersions versions;

  SavedSample(String word, int count, MigrationVersions versions) {
    this.word = word;
    this.count = count;
    this.versions = versions;
  }

  String fileName() {
    return word + ".state";
  }

  boolean isStopped() {
    return count > 1;
  }

  private boolean hasMemory() {
    return count > 1;
  }

  int devices() {
    return count;
  }

  /** Serves the devices of a file, with their sockets in a folder. */
  List<ServedTestDevice> serve(Path folder, String name) throws IOException {
    List<ServedTestDevice> served = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Path socket = folder.resolve("%s-%s%d.sock".formatted(word, name, i));
      ScratchConfig config = ScratchConfig.named(socket.toString()).withMemorySize(DEVICE_BYTES);
      served.add(ServedTestDevice.start(socket, new ScratchDevice(config), versions));
    }
    return served;
  }

  /** Saves devices that were {@link #serve}d and filled. */
  CommandRun save(List<ServedTestDevice> devices, Path folder, Path file) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("save", "--output", file.toString(), "--max-downtime",
        "60s", "--max-quiesce", "60s", "--json"));
    if (isStopped()) {
      arguments.add("--stop");
    }
    devices.forEach(device -> arguments.add(device.address()));
    if (hasMemory()) {
      arguments.addAll(region(Files.write(folder.resolve("from"), regionContent())));
    }
    return CommandRun.vfio4j(arguments.toArray(String[]::new));
  }

  /** Runs a command with a file, devices, and memory if the file contains any. */
  CommandRun with(String command, Path file, List<ServedTestDevice> devices, Path folder) throws IOException {
    List<String> arguments = new ArrayList<>(List.of(command, file.toString(), "--json"));
    devices.forEach(device -> arguments.add(device.address()));
    if (hasMemory()) {
      arguments.addAll(region(Files.write(folder.resolve("to"), new byte[REGION_BYTES])));
    }
    return CommandRun.vfio4j(arguments.toArray(String[]::new));
  }

  private static List<String> region(Path file) {
    return List.of("--region", "ram=%s@%s".formatted(file, REGION_IOVA));
  }

  /** Fills new devices with the fixed contents. */
  static void fill(List<ServedTestDevice> devices) throws DeviceException {
    for (int number = 0; number < devices.size(); number++) {
      try (VfioUserClient client = devices.get(number).connect();
          Arena arena = Arena.ofConfined()) {
        client.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, SCRATCH_VALUE + number);
        client.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_IOVA, TRAFFIC_IOVA_VALUE);
        client.writeRegion(ScratchLayout.MEMORY_BAR, 0,
            arena.allocate(PAGE, PAGE).copyFrom(MemorySegment.ofArray(pageOf(number))));
        failCommand(client);
      }
    }
  }

  /** Changes read-only registers by the work of the device. */
  private static void failCommand(VfioUserClient client) throws DeviceException {
    client.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.DMA_IOVA, UNMAPPED);
    client.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.DMA_LENGTH, PAGE);
    client.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.COMMAND,
        ScratchLayout.COMMAND_READ | ScratchLayout.COMMAND_INTERRUPT);
    while (client.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.COMPLETED) == 0) {
      Thread.onSpinWait();
    }
  }

  /** Checks that devices run with the contents that {@link #fill} writes, and that memory has its contents. */
  void assertRestored(List<ServedTestDevice> devices, Path folder) throws IOException {
    for (int number = 0; number < count; number++) {
      try (VfioUserClient client = devices.get(number).connect();
          Arena arena = Arena.ofConfined()) {
        assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
        assertThat(register(client, ScratchLayout.SCRATCH)).isEqualTo(SCRATCH_VALUE + number);
        assertThat(register(client, ScratchLayout.TRAFFIC_IOVA)).isEqualTo(TRAFFIC_IOVA_VALUE);
        assertThat(register(client, ScratchLayout.DMA_IOVA)).isEqualTo(UNMAPPED);
        assertThat(register(client, ScratchLayout.DMA_LENGTH)).isEqualTo(PAGE);
        assertThat(register(client, ScratchLayout.COMPLETED)).isEqualTo(1);
        assertThat(client.readInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.STATUS))
            .isEqualTo(ScratchLayout.STATUS_FAILED);
        assertThat(client.readInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.ERROR))
            .isEqualTo(Errno.EFAULT.number());
        assertThat(client.readInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.INT_STATUS))
            .isEqualTo(1 << ScratchLayout.COMMAND_VECTOR);
        MemorySegment memory = arena.allocate(DEVICE_BYTES);
        client.readRegion(ScratchLayout.MEMORY_BAR, 0, memory);
        byte[] wanted = ByteBuffer.allocate(DEVICE_BYTES).put(pageOf(number)).array();
        assertThat(memory.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(wanted);
      }
    }
    if (hasMemory()) {
      assertThat(folder.resolve("to")).hasBinaryContent(regionContent());
    }
  }

  private static long register(VfioUserClient client, int offset) throws DeviceException {
    return client.readLong(ScratchLayout.REGISTERS_BAR, offset);
  }

  private static byte[] regionContent() {
    return ByteBuffer.allocate(REGION_BYTES).position(PAGE).put(pageOf(100)).position(3 * PAGE)
        .put(pageOf(101)).array();
  }

  /** Returns a page with unique contents. */
  private static byte[] pageOf(int number) {
    ByteBuffer page = ByteBuffer.allocate(PAGE).order(ByteOrder.LITTLE_ENDIAN);
    for (long at = 0; page.hasRemaining(); at++) {
      page.putLong(at * 0x9e37_79b9_7f4a_7c15L + number);
    }
    return page.array();
  }
}
