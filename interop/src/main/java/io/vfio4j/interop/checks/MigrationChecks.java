// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import com.google.gson.JsonObject;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** Successful migrations by commands. */
final class MigrationChecks {

  private static final int SMALL_KIB = 256;
  private static final int LARGE_KIB = 32 << 10;
  private static final int HUGE_KIB = 256 << 10;
  /** The guest is emulated and Java is interpreted: a millisecond elsewhere may take a hundred here. */
  private static final String DOWNTIME = "20s";

  // Registers of a serial port, linux/serial_reg.h.
  private static final int UART_DATA = 0;
  private static final int UART_FCR = 2;
  private static final int UART_LCR = 3;
  private static final int UART_MCR = 4;
  private static final int UART_SCR = 7;
  private static final int UART_FCR_ENABLE_FIFO = 1;

  private final CheckContext context;

  private MigrationChecks(CheckContext context) {
    this.context = context;
  }

  static void add(CheckList checks, CheckContext context) {
    MigrationChecks migrations = new MigrationChecks(context);
    checks.add("migrate/mtty: registers and FIFO arrive", migrations::mtty);
    checks.add("migrate/mtty: by way of a file", migrations::file);
    checks.add("migrate/send and receive", migrations::sendAndReceive);
    checks.add("migrate/held open for a command", migrations::holdsDeviceDuringThenCommand);
    checks.add("migrate/idle", () -> migrations.addMigration(Map.of(), SMALL_KIB, 0));
    checks.add("migrate/without pre-copy",
        () -> migrations.addMigration(Map.of(), SMALL_KIB, 0, "--no-pre-copy"));
    checks.add("migrate/end of pre-copy by 0",
        () -> migrations.addMigration(Map.of("end_is_zero", "Y"), SMALL_KIB, 0));
    checks.add("migrate/MIG_PRECOPY_INFOv2 unknown",
        () -> migrations.addMigration(Map.of("info_v2", "N"), SMALL_KIB, 0));
    checks.add("migrate/short reads",
        () -> migrations.addMigration(Map.of("fault_read_cut", "1000"), SMALL_KIB, 0));
    checks.add("migrate/short writes",
        () -> migrations.addMigration(Map.of("fault_write_cut", "777"), SMALL_KIB, 0));
    for (int features : new int[] {1, 3, 5}) {
      checks.add("migrate/features " + features,
          () -> migrations.addMigration(Map.of("features", Integer.toString(features)), SMALL_KIB, 0));
    }
    checks.add("migrate/REINIT", migrations::restartsInitialData);
    checks.add("migrate/32 MiB at work", () -> migrations.addMigration(Map.of(), LARGE_KIB, 4));
    checks.add("migrate/32 MiB and back", migrations::migratesThereAndBack);
    if (hasRoomFor(2L * HUGE_KIB)) {
      checks.add("migrate/256 MiB at work", () -> migrations.addMigration(Map.of(), HUGE_KIB, 4));
    }
  }

  /** Returns whether the guest has twice this much memory, KiB. */
  private static boolean hasRoomFor(long kib) {
    try {
      return Files.readAllLines(Path.of("/proc/meminfo")).stream()
          .filter(line -> line.startsWith("MemTotal:"))
          .anyMatch(line -> Long.parseLong(line.replaceAll("\\D", "")) > 2 * kib);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private InProcessCommand migrate(MediatedDevice from, MediatedDevice to, String... more) {
    List<String> arguments = new ArrayList<>(List.of("migrate", "--from", context.address(from), "--to",
        context.address(to), "--no-hold", "--json", "--max-downtime", DOWNTIME));
    arguments.addAll(List.of(more));
    return InProcessCommand.run(arguments.toArray(String[]::new));
  }

  private void mtty() throws IOException {
    try (MediatedDevice from = MediatedDevice.mtty(); MediatedDevice to = MediatedDevice.mtty()) {
      fill(from);
      JsonObject report = migrate(from, to).requireExitCode(0).lastEvent();
      Requirements.require(report.get("bytes").getAsLong() == 96, "%s".formatted(report));
      compare(to);
    }
  }

  private void file() throws IOException {
    Path file = Path.of("/tmp/mtty.state");
    try (MediatedDevice from = MediatedDevice.mtty(); MediatedDevice to = MediatedDevice.mtty()) {
      fill(from);
      JsonObject saved =
          InProcessCommand.run("save", context.address(from), "--output", file.toString(), "--json",
              "--max-downtime", DOWNTIME).requireExitCode(0).lastEvent();
      Requirements.requireEqual("running", saved.get("source").getAsString(), "the source after save");
      InProcessCommand.run("restore", file.toString(), context.address(to), "--json", "--no-hold")
          .requireExitCode(0);
      compare(to);
      compare(from);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private void fill(MediatedDevice mtty) throws IOException {
    try (KernelDevice device = context.open(mtty)) {
      for (int port = 0; port < 2; port++) {
        RegionRegisters registers = new RegionRegisters(device, port);
        registers.writeByte(UART_FCR, UART_FCR_ENABLE_FIFO);
        registers.writeByte(UART_LCR, 0x1b);
        registers.writeByte(UART_MCR, 0x0b + port);
        registers.writeByte(UART_SCR, 0x5a + port);
        for (char letter : "vfio4j".toCharArray()) {
          registers.writeByte(UART_DATA, letter + port);
        }
      }
    }
  }

  private void compare(MediatedDevice mtty) throws IOException {
    try (KernelDevice device = context.open(mtty)) {
      Requirements.requireEqual(DeviceState.RUNNING, device.state(), mtty.toString());
      for (int port = 0; port < 2; port++) {
        compare(new RegionRegisters(device, port), port);
      }
    }
  }

  private static void compare(RegionRegisters registers, int port) throws DeviceException {
    Requirements.requireEqual(0x1b, registers.readByte(UART_LCR), "LCR of port %d".formatted(port));
    Requirements.requireEqual(0x0b + port, registers.readByte(UART_MCR), "MCR of port %d".formatted(port));
    Requirements.requireEqual(0x5a + port, registers.readByte(UART_SCR), "SCR of port %d".formatted(port));
    for (char letter : "vfio4j".toCharArray()) {
      Requirements.requireEqual(letter + port, registers.readByte(UART_DATA),
          "the FIFO of port %d".formatted(port));
    }
  }

  private void addMigration(Map<String, String> parameters, int kib, int rate, String... more)
      throws IOException {
    try (DriverFaults _ = DriverFaults.set(parameters);
        TestDevice from = MediatedDevice.testDevice(kib);
        TestDevice to = MediatedDevice.testDevice(kib)) {
      from.fill(kib + rate);
      from.setChangeRate(rate);
      String before = from.checksum();
      JsonObject report = migrate(from.mdev(), to.mdev(), more).requireExitCode(0).lastEvent();
      Requirements.require(report.get("bytes").getAsLong() > kib * 1024L, "%s".formatted(report));
      Requirements.requireEqual(from.saved(), to.loaded(), "the loaded state");
      Requirements.requireEqual(DeviceState.RUNNING, to.state(), "the target");
      Requirements.require(from.state() != DeviceState.RUNNING, "the source is running too");
      if (rate == 0) {
        Requirements.requireEqual(before, to.checksum(), "the content");
      } else {
        long ticks = to.ticks();
        Requirements.require(ticks > 0, "it has not run");
        Requirements.require(!before.equals(to.loaded()), "nothing changed during the migration");
      }
    }
  }

  /** REINIT occurs after half of the initial data, so all of it is sent again. */
  private void restartsInitialData() throws IOException {
    try (DriverFaults _ = DriverFaults.set(Map.of("reinit_at", Integer.toString(SMALL_KIB * 512)));
        TestDevice from = MediatedDevice.testDevice(SMALL_KIB);
        TestDevice to = MediatedDevice.testDevice(SMALL_KIB)) {
      from.fill(1);
      String before = from.checksum();
      JsonObject report = migrate(from.mdev(), to.mdev()).requireExitCode(0).lastEvent();
      Requirements.require(report.get("bytes").getAsLong() > SMALL_KIB * 1024 * 3 / 2,
          "%s".formatted(report));
      Requirements.requireEqual(before, to.checksum(), "the content");
    }
  }

  private void migratesThereAndBack() throws IOException {
    try (TestDevice one = MediatedDevice.testDevice(LARGE_KIB);
        TestDevice other = MediatedDevice.testDevice(LARGE_KIB)) {
      one.fill(99);
      String before = one.checksum();
      migrate(one.mdev(), other.mdev()).requireExitCode(0);
      one.fill(1);
      migrate(other.mdev(), one.mdev()).requireExitCode(0);
      Requirements.requireEqual(before, one.checksum(), "the content");
      Requirements.requireEqual(DeviceState.RUNNING, one.state(), "the first device");
    }
  }

  private void sendAndReceive() throws IOException, InterruptedException, ExecutionException {
    String socket = "unix:/tmp/move-" + System.nanoTime() + ".sock";
    try (TestDevice from = MediatedDevice.testDevice(SMALL_KIB);
        TestDevice to = MediatedDevice.testDevice(SMALL_KIB)) {
      from.fill(5);
      String before = from.checksum();
      CountDownLatch listening = new CountDownLatch(1);
      FutureTask<InProcessCommand> receiver = InProcessCommand.start(new StringWriter() {
        @Override
        public void flush() {
          if (toString().contains("listening")) {
            listening.countDown();
          }
        }
      }, "receive", "--listen", socket, context.address(to.mdev()), "--no-hold", "--timeout", "60s");
      Requirements.require(listening.await(1, TimeUnit.MINUTES), "receive does not listen");
      InProcessCommand
          .run("send", "--connect", socket, context.address(from.mdev()), "--no-hold", "--max-downtime",
              DOWNTIME,
              "--timeout", "60s")
          .requireExitCode(0);
      receiver.get().requireExitCode(0);
      Requirements.requireEqual(before, to.checksum(), "the content");
      Requirements.requireEqual(DeviceState.RUNNING, to.state(), "the target");
    }
  }

  /** The device cannot be opened elsewhere until the command ends. */
  private void holdsDeviceDuringThenCommand() throws IOException {
    try (TestDevice from = MediatedDevice.testDevice(SMALL_KIB);
        TestDevice to = MediatedDevice.testDevice(SMALL_KIB)) {
      Path output = Path.of("/tmp/then-" + System.nanoTime());
      String group = Files.readSymbolicLink(to.mdev().sysfs().resolve("iommu_group")).getFileName()
          .toString();
      String look =
          "cat %s/testdev/state >%s; echo $VFIO4J_DEVICE >>%s; (: </dev/vfio/%s) 2>/dev/null || echo busy >>%s"
              .formatted(to.mdev().sysfs(), output, output, group, output);
      InProcessCommand
          .run("migrate", "--from", context.address(from.mdev()), "--to", context.address(to.mdev()),
              "--max-downtime", DOWNTIME, "--then", look)
          .requireExitCode(0);
      Requirements.requireEqual(List.of("RUNNING", "kernel:" + to.uuid(), "busy"), Files.readAllLines(output),
          "the output of the command");
    }
  }
}
