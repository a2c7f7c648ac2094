// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.Host;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.file.StateRestorer;
import io.vfio4j.engine.file.StateSaver;
import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import io.vfio4j.testkit.kernel.IoctlNumbers;
import io.vfio4j.testkit.kernel.KernelProfile;
import io.vfio4j.testkit.kernel.ScriptedKernel;
import io.vfio4j.testkit.kernel.Sysfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Commands for kernel devices, on a scripted host. */
class KernelCommandsTest {

  private static final String SERIAL = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
  private static final String NIC = "0000:3b:00.2";
  private static final String DISK = "0000:3b:00.3";
  private static final SimulatedSettings SETTINGS =
      SimulatedSettings.named(SERIAL).withContent(16, 7).withChanges(0, 1000);

  @TempDir
  private Path root;

  @BeforeEach
  void makeFolders() throws IOException {
    Files.createDirectories(root.resolve("proc/sys/kernel"));
    Files.writeString(root.resolve("proc/sys/kernel/osrelease"), "6.12.1\n");
    Files.createDirectories(root.resolve("lib/modules/6.12.1"));
    Files.writeString(root.resolve("lib/modules/6.12.1/modules.alias"),
        "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n");
  }

  private void makeSerial() throws IOException {
    new Sysfs(root.resolve("sys")).mediated(SERIAL).driver(SERIAL, "mtty").group(SERIAL, 0).cdev(SERIAL,
        "vfio0");
  }

  private void makePci() throws IOException {
    new Sysfs(root.resolve("sys")).pci(NIC, 0x15b3, 0x101e, 0x020000).driver(NIC, "mlx5_core").group(NIC, 12)
        .pci(DISK, 0x144d, 0xa808, 0x010802).driver(DISK, "vfio-pci").group(DISK, 13)
        .pci("0000:00:1c.0", 0x8086, 0x1234, 0x060400).group("0000:00:1c.0", 1)
        .pci("0000:00:03.0", 0x8086, 0x1235, 0x030000);
  }

  private DeviceAddress.Kernel address(ScriptedKernel kernel) {
    return new DeviceAddress.Kernel(SERIAL, Optional.empty(), new Host(root, kernel));
  }

  private static ScriptedKernel kernel(SimulatedDevice device) {
    return new ScriptedKernel(device, KernelProfile.LINUX_6_12);
  }

  /** Migrates from one scripted kernel to another. */
  @ParameterizedTest
  @EnumSource(KernelInterface.class)
  void migratesBetweenKernelDevices(KernelInterface by) throws Exception {
    makeSerial();
    SimulatedDevice left = SETTINGS.device();
    SimulatedDevice right = SETTINGS.withContent(16, 0).device();
    right.moveTo(DeviceState.STOP); // as its last user left it
    ScriptedKernel leftKernel = kernel(left);
    ScriptedKernel rightKernel = kernel(right);
    DeviceAddress from = new DeviceAddress.Kernel(SERIAL, Optional.of(by), new Host(root, leftKernel));
    DeviceAddress to = new DeviceAddress.Kernel(SERIAL, Optional.of(by), new Host(root, rightKernel));
    List<String> said = new ArrayList<>();
    try (OpenDevice target = to.open(said::add);
        OpenDevice source = from.openSource(false, said::add)) {
      assertThat(target.device().state()).as("unchanged by opening").isEqualTo(DeviceState.STOP);
      target.prepareAsTarget();
      assertThat(right.resetCount()).isOne();
      assertThat(target.device().state()).isEqualTo(DeviceState.RUNNING);
      LocalMigration.run(source.device(), target.device(),
          MigrationOptions.defaults().withMaxDowntime(Duration.ofSeconds(60)), Workload.NONE, event -> {
          });
      assertThat(target.device().state()).isEqualTo(DeviceState.RUNNING);
      assertThat(source.device().state()).isEqualTo(DeviceState.STOP);
      assertThat(target.keepsState()).as("must be held open").isFalse();
    }
    assertThat(right.content()).isEqualTo(left.content());
    assertThat(left.resetCount()).as("resets of the source").isZero();
    assertThat(said).isEmpty();
    assertThat(leftKernel.openFiles()).isEmpty();
    assertThat(rightKernel.openFiles()).isEmpty();
  }

  /** A target's old state is discarded only after the file was verified. */
  @Test
  void restoresToStoppedKernelDevice() throws Exception {
    makeSerial();
    SimulatedDevice left = SETTINGS.device();
    Path file = root.resolve("state");
    new StateSaver(DeviceSet.of(left), file, false,
        MigrationOptions.defaults().withMaxDowntime(Duration.ofSeconds(60)), Workload.NONE,
        MigrationListener.NONE).run();
    SimulatedDevice right = SETTINGS.withContent(16, 0).device();
    right.moveTo(DeviceState.STOP_COPY);
    try (OpenDevice target = address(kernel(right)).open(_ -> {
    })) {
      assertThat(OpenDevice.mayHoldStaleState(target.device())).isTrue();
      new StateRestorer(DeviceSet.of(target.device()), file, MigrationOptions.defaults(),
          MigrationListener.NONE).withResettable(OpenDevice::mayHoldStaleState).run();
      assertThat(target.device().state()).isEqualTo(DeviceState.RUNNING);
    }
    assertThat(right.stateFingerprint()).isEqualTo(left.stateFingerprint());
  }

  @Test
  void leavesStoppedSourceUntouched() throws Exception {
    makeSerial();
    SimulatedDevice device = SETTINGS.device();
    device.moveTo(DeviceState.STOP_COPY);
    ScriptedKernel kernel = kernel(device);

    assertThatExceptionOfType(CommandException.class)
        .isThrownBy(() -> address(kernel).openSource(false, text -> {
        }).close()).satisfies(e -> assertThat(e.exitCode()).isEqualTo(ExitCodes.FAILURE))
        .withMessageStartingWith("kernel:" + SERIAL + " is in STOP_COPY")
        .withMessageEndingWith("add --reset");
    assertThat(device.machineState()).isEqualTo(DeviceState.STOP_COPY);
    assertThat(device.resetCount()).isZero();
    assertThat(kernel.openFiles()).isEmpty();

    List<String> said = new ArrayList<>();
    try (OpenDevice source = address(kernel).openSource(true, said::add)) {
      assertThat(source.device().state()).isEqualTo(DeviceState.RUNNING);
    }
    assertThat(said).containsExactly("kernel:" + SERIAL + " was in STOP_COPY and has been reset");
    assertThat(device.resetCount()).isOne();
  }

  @Test
  void rejectsTargetThatFailsReset() throws Exception {
    makeSerial();
    ScriptedKernel kernel = kernel(SETTINGS.device());
    kernel.fail(IoctlNumbers.DEVICE_RESET, Errno.EIO, 1);

    try (OpenDevice target = address(kernel).open(text -> {
    })) {
      assertThatExceptionOfType(DeviceException.class).isThrownBy(target::prepareAsTarget)
          .withMessageContaining("reset: EIO");
    }
    assertThat(kernel.openFiles()).isEmpty();
  }

  @Test
  void probesDevice() throws Exception {
    makeSerial();
    SimulatedDevice device = SETTINGS.device();
    ScriptedKernel kernel = kernel(device);
    try (OpenDevice open = address(kernel).open(text -> {
    })) {
      ProbeReport report = ProbeReport.of(open);
      assertThat(report.canMigrate()).isTrue();
      assertThat(report.lines()).contains("device      kernel:" + SERIAL, "driver      mtty",
          "interface   cdev, iommufd", "group       0", "versions    2",
          "features    stop_copy, p2p, pre_copy",
          "DMA log     yes", "can migrate yes")
          .anyMatch(line -> line.startsWith("missing     kept open: its driver may reset it"));
      assertThat(report.json().get("facts").getAsJsonArray()).hasSize(2);
    }
    assertThat(device.operations()).isEmpty();
  }

  @Test
  void suggestsRemedyForStoppedDevice() throws Exception {
    makeSerial();
    SimulatedDevice device = SETTINGS.device();
    device.moveTo(DeviceState.RESUMING);
    try (OpenDevice open = address(kernel(device)).open(text -> {
    })) {
      ProbeReport report = ProbeReport.of(open);
      assertThat(report.canMigrate()).isFalse();
      assertThat(report.lines()).anyMatch(line -> line.startsWith(
          "missing     RUNNING: a migration starts in RUNNING, but the device is in RESUMING; its last user left it in this state"));
    }
  }

  private HostInventoryReport survey(ScriptedKernel kernel) throws IOException {
    return new HostInventoryReport(HostInventory.of(new Host(root, kernel)));
  }

  @Test
  void probesAllDevicesOfHost() throws Exception {
    makeSerial();
    makePci();
    Files.createDirectories(root.resolve("dev/vfio"));
    ScriptedKernel kernel = kernel(SETTINGS.device());

    HostInventoryReport report = survey(kernel);
    assertThat(report.lines()).containsExactly("kernel 6.12.1: VFIO is loaded, iommufd is not available",
        "no   kernel:0000:3b:00.2 15b3:101e (mlx5_core, group 12)",
        "     bound to mlx5_core, which is not a VFIO driver; this device's variant driver is mlx5_vfio_pci: modprobe "
            + "mlx5_vfio_pci; echo mlx5_vfio_pci > /sys/bus/pci/devices/0000:3b:00.2/driver_override; echo 0000:3b:00.2 > "
            + "/sys/bus/pci/devices/0000:3b:00.2/driver/unbind; echo 0000:3b:00.2 > /sys/bus/pci/drivers_probe",
        "no   kernel:0000:3b:00.3 144d:a808 (vfio-pci, group 13)",
        "     bound to vfio-pci, which does not support migration, and no variant driver is known that migrates 144d:a808",
        "yes  kernel:" + SERIAL + " (mtty, group 0, vfio0)",
        "     stop_copy, p2p, pre_copy; it is in RUNNING");
    assertThat(report.json().get("devices").getAsJsonArray()).extracting(device -> device.getAsJsonObject()
        .get("can_migrate").toString()).containsExactly("false", "false", "true");
    assertThat(kernel.openFiles()).isEmpty();
  }

  @Test
  void countsInaccessibleDevices() throws Exception {
    makeSerial();
    ScriptedKernel kernel = kernel(SETTINGS.device());
    kernel.failOpen("/dev/vfio/devices/vfio0", Errno.EACCES);
    kernel.failOpen("/dev/vfio/0", Errno.EACCES);

    HostInventoryReport report = survey(kernel);
    assertThat(report.lines()).hasSize(4).contains("?    kernel:" + SERIAL + " (mtty, group 0, vfio0)",
        "     /dev/vfio/0: EACCES (permission denied); run as root, or grant your user access to the file (chown, or a udev rule)",
        "1 of 1 devices could not be inspected");
    assertThat(report.json().get("devices").getAsJsonArray().get(0).getAsJsonObject().get("can_migrate")
        .isJsonNull())
        .isTrue();
  }

  @Test
  void reportsHostWithoutVfio() throws Exception {
    ScriptedKernel kernel = kernel(SETTINGS.device());
    assertThat(survey(kernel).lines()).hasSize(2).first().asString()
        .startsWith("no devices for VFIO: the kernel (6.12.1) does not use an IOMMU");

    new Sysfs(root.resolve("sys")).pci("0000:00:1c.0", 0x8086, 0x1234, 0x060400).group("0000:00:1c.0", 1);
    assertThat(survey(kernel).lines()).hasSize(2).first().asString()
        .startsWith("no devices for VFIO: the kernel (6.12.1) has IOMMU groups for bridges only");
  }

  @Test
  void requiresDeviceOrAll() {
    assertThat(CommandRun.vfio4j("probe").exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(CommandRun.vfio4j("probe", "sim:a", "--all").err())
        .contains("expected either DEVICE or --all");
    CommandRun all = CommandRun.vfio4j("probe", "--all", "--json");
    assertThat(all.exitCode()).isIn(ExitCodes.SUCCESS, ExitCodes.FAILURE);
    assertThat(all.event("probe-all").get("kernel").getAsString()).isEqualTo(Host.LOCAL.kernelRelease());
  }
}
