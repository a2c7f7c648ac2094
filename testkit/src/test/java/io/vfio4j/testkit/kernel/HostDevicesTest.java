// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.linux.vfio.HostDevice;
import io.vfio4j.linux.vfio.HostDevice.Kind;
import io.vfio4j.linux.vfio.HostDevice.Neighbour;
import io.vfio4j.linux.vfio.HostDevices;
import io.vfio4j.linux.vfio.PciIds;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Finding devices in a sysfs made of a folder with links. */
class HostDevicesTest {

  private static final String NIC = "0000:3b:00.2";
  private static final String DISK = "0000:3b:00.3";
  private static final String UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

  private static final HostDevice NIC_DEVICE = new HostDevice(NIC, Kind.PCI,
      Optional.of(new PciIds(0x15b3, 0x101e, 0x15b3, 1, 0x020000)), Optional.of("mlx5_vfio_pci"),
      OptionalInt.of(12),
      Optional.of("vfio0"), List.of(new Neighbour(DISK, Optional.empty())));
  private static final HostDevice SERIAL_DEVICE = new HostDevice(UUID, Kind.MEDIATED, Optional.empty(),
      Optional.of("vfio_mtty"), OptionalInt.of(3), Optional.empty(), List.of());

  @TempDir
  private Path root;

  private HostDevices devices;

  @BeforeEach
  void createSysfs() throws Exception {
    new Sysfs(root).pci(NIC, 0x15b3, 0x101e, 0x020000).pci(DISK, 0x144d, 0xa808, 0x010802).mediated(UUID)
        .other("fff51000.dma")
        .driver(NIC, "mlx5_vfio_pci").driver(UUID, "vfio_mtty").driver("fff51000.dma", "vfio-platform")
        .group(NIC, 12).group(DISK, 12).group(UUID, 3)
        .cdev(NIC, "vfio0").cdev("fff51000.dma", "vfio7");
    devices = HostDevices.in(root);
  }

  @Test
  void findsByAddress() throws Exception {
    assertThat(devices.find(NIC)).isEqualTo(NIC_DEVICE);
    assertThat(devices.find("3B:00.2")).isEqualTo(NIC_DEVICE);
    assertThat(NIC_DEVICE.address()).isEqualTo("kernel:0000:3b:00.2");
    assertThat(NIC_DEVICE.groupFile()).contains(Path.of("/dev/vfio/12"));
    assertThat(NIC_DEVICE.cdevFile()).contains(Path.of("/dev/vfio/devices/vfio0"));
  }

  @Test
  void findsByUuid() throws Exception {
    assertThat(devices.find(UUID)).isEqualTo(SERIAL_DEVICE);
    assertThat(devices.find(UUID.toUpperCase(Locale.ROOT))).isEqualTo(SERIAL_DEVICE);
    assertThat(SERIAL_DEVICE.cdevFile()).isEmpty();
  }

  @Test
  void findsByPath() throws Exception {
    assertThat(devices.find("/dev/vfio/devices/vfio0")).isEqualTo(NIC_DEVICE);
    assertThat(devices.find("/dev/vfio/3")).isEqualTo(SERIAL_DEVICE);
    assertThat(devices.find("/dev/vfio/devices/vfio7")).isEqualTo(new HostDevice("fff51000.dma", Kind.OTHER,
        Optional.empty(), Optional.of("vfio-platform"), OptionalInt.empty(), Optional.of("vfio7"),
        List.of()));
  }

  @Test
  void listsAllDevices() throws Exception {
    assertThat(devices.all()).extracting(HostDevice::name).containsExactly(NIC, DISK, UUID, "fff51000.dma");
    assertThat(devices.all()).contains(NIC_DEVICE, SERIAL_DEVICE);
  }

  @Test
  void reportsMissingDevices() {
    assertFails("0000:3b:00.4", Errno.ENODEV, "no such PCI device");
    assertFails("83b8f4f2-509f-382f-3c1e-e6bfe0fa1002", Errno.ENODEV,
        "no such mediated device: create it");
    assertFails("/dev/vfio/devices/vfio1", Errno.ENODEV, "no such VFIO device");
    assertFails("/dev/vfio/4", Errno.ENODEV, "no such IOMMU group");
    assertFails("/dev/vfio/12", Errno.EINVAL,
        "the group has 2 devices (0000:3b:00.2, 0000:3b:00.3); specify one");
    assertFails("../../etc", Errno.EINVAL, "is not a device address");
    assertFails("/dev/vfio/devices/../../sda", Errno.EINVAL, "is not a device address");
  }

  private void assertFails(String name, Errno errno, String message) {
    var thrown = catchThrowableOfType(DeviceException.class, () -> devices.find(name));
    assertThat(thrown.errno()).isEqualTo(errno);
    assertThat(thrown).hasMessageContaining(name).hasMessageContaining(message);
  }

  @Test
  void handlesEmptySysfs(@TempDir Path empty) throws Exception {
    assertThat(HostDevices.in(empty).all()).isEmpty();
  }

  @Test
  void reportsBrokenSysfs() throws Exception {
    Files.writeString(root.resolve("devices/pci0000:00").resolve(NIC).resolve("vendor"), "none\n");

    assertFails(NIC, Errno.EIO, "cannot read sysfs");
  }
}
