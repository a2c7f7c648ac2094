// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.interop.VfioInterface;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Preconditions of the other checks in the guest. */
final class GuestChecks {

  private static final int KIB = 64;

  private GuestChecks() {
  }

  static void add(CheckList checks, VfioInterface interfaces) {
    checks.add("guest/interfaces", () -> interfaces(interfaces));
    checks.add("guest/test device", GuestChecks::testDevice);
  }

  private static void interfaces(VfioInterface interfaces) throws IOException {
    try (MediatedDevice mtty = MediatedDevice.mtty()) {
      Path group = Files.readSymbolicLink(mtty.sysfs().resolve("iommu_group"));
      Requirements.require(Files.exists(Path.of("/dev/vfio").resolve(group.getFileName())),
          "no device node of group " + group);
      boolean hasCdev = Files.exists(Path.of("/dev/vfio/devices"));
      Requirements.require(hasCdev == (interfaces == VfioInterface.CDEV), "character devices: " + hasCdev);
      Requirements.require(Files.exists(Path.of("/dev/iommu")) == hasCdev, "iommufd");
    }
  }

  private static void testDevice() throws IOException {
    try (TestDevice device = MediatedDevice.testDevice(KIB)) {
      Requirements.require(device.state() == DeviceState.RUNNING, "it is in %s".formatted(device.state()));
      String empty = device.checksum();
      device.fill(1);
      Requirements.require(!device.checksum().equals(empty),
          "the checksum did not change when the device was filled: " + empty);
    }
  }
}
