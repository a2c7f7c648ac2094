// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.vfio.HostDevice.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Finds the driver for a device from a kernel's {@code modules.alias} and from the built-in table. */
class VariantDriversTest {

  private static final PciIds NIC = new PciIds(0x15b3, 0x101e, 0x15b3, 7, 0x020000);
  private static final PciIds QAT = new PciIds(0x8086, 0x4941, 0x8086, 0, 0x0b4000);
  private static final PciIds DISK = new PciIds(0x144d, 0xa808, 0x144d, 0xa801, 0x010802);

  @TempDir
  private Path folder;

  private VariantDrivers drivers;

  @BeforeEach
  void readAliases() throws Exception {
    drivers = VariantDrivers.read(Files.writeString(folder.resolve("modules.alias"), """
        # Aliases extracted from modules themselves.
        alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci
        alias pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_core
        alias vfio_pci:v000015B3d*sv*sd*bc*sc*i* wilder_vfio_pci
        alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci
        alias vfio_pci:v00001AF4d00001041sv*sd*bc*sc*i*
        alias vfio_pci:v00008086d00009999sv*sd*bc03sc00i* xe_vfio_pci
        """));
  }

  private static HostDevice bound(PciIds ids, String driver) {
    return new HostDevice("0000:3b:00.2", Kind.PCI, Optional.of(ids),
        Optional.ofNullable(driver).filter(d -> !d.isEmpty()),
        OptionalInt.of(1), Optional.empty(), List.of());
  }

  @Test
  void findsMostSpecificAlias() {
    assertThat(NIC.modalias()).isEqualTo("v000015B3d0000101Esv000015B3sd00000007bc02sc00i00");
    assertThat(drivers.of(NIC)).contains("mlx5_vfio_pci");
    assertThat(drivers.of(new PciIds(0x15b3, 1, 0, 0, 0))).contains("wilder_vfio_pci");
    assertThat(drivers.of(new PciIds(0x8086, 0x9999, 0, 0, 0x030000))).contains("xe_vfio_pci");
    assertThat(drivers.of(new PciIds(0x8086, 0x9999, 0, 0, 0x020000))).isEmpty();
    assertThat(drivers.of(DISK)).as("vfio-pci itself is not a variant driver").isEmpty();
    assertThat(VariantDrivers.read(folder.resolve("none")).of(NIC)).isEmpty();
  }

  @Test
  void drivers() {
    assertThat(List.of("vfio-pci", "mlx5_vfio_pci", "vfio_mtty")).allMatch(VariantDrivers::isVfio);
    assertThat(List.of("nvme", "mlx5_core")).noneMatch(VariantDrivers::isVfio);
  }

  @Test
  void describesBinding() {
    assertThat(drivers.bindCommands(bound(NIC, "mlx5_core"))).isEqualTo("modprobe mlx5_vfio_pci; "
        + "echo mlx5_vfio_pci > /sys/bus/pci/devices/0000:3b:00.2/driver_override; "
        + "echo 0000:3b:00.2 > /sys/bus/pci/devices/0000:3b:00.2/driver/unbind; "
        + "echo 0000:3b:00.2 > /sys/bus/pci/drivers_probe");
    assertThat(drivers.bindCommands(bound(DISK, ""))).startsWith("modprobe vfio_pci; echo vfio-pci >")
        .doesNotContain("unbind");
  }

  @Test
  void explainsMissingMigration() {
    assertThat(drivers.explainNoMigration(bound(NIC, "vfio-pci"))).startsWith(
        "bound to vfio-pci, which does not support migration; this device's variant driver is mlx5_vfio_pci: modprobe");
    assertThat(drivers.explainNoMigration(bound(QAT, "vfio-pci")))
        .isEqualTo("bound to vfio-pci, which does not support migration; this "
            + "device's variant driver is qat_vfio_pci, which is in Linux 6.10 and later with CONFIG_QAT_VFIO_PCI; this kernel "
            + "does not have it");
    assertThat(VariantDrivers.read(folder.resolve("none")).explainNoMigration(bound(QAT, "vfio-pci")))
        .endsWith("; the modules of this kernel cannot be read");
    assertThat(drivers.explainNoMigration(bound(DISK, "vfio-pci")))
        .isEqualTo(
            "bound to vfio-pci, which does not support migration, and no variant driver is known that migrates 144d:a808");
    assertThat(drivers.explainNoMigration(bound(NIC, "mlx5_core"))).startsWith(
        "bound to mlx5_core, which is not a VFIO driver; this device's variant driver is mlx5_vfio_pci: modprobe");
    assertThat(drivers.explainNoMigration(bound(DISK, "")))
        .isEqualTo("no driver is bound to it, and no variant driver is known that migrates 144d:a808");
    assertThat(drivers.explainNoMigration(bound(NIC, "mlx5_vfio_pci")))
        .startsWith("it is bound to its variant driver mlx5_vfio_pci");
    assertThat(drivers
        .explainNoMigration(new HostDevice("x", Kind.MEDIATED, Optional.empty(), Optional.of("vfio_mdpy"),
            OptionalInt.of(1), Optional.empty(), List.of())))
        .startsWith("its driver vfio_mdpy does not support migration");
  }
}
