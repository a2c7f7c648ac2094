// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.linux.DeviceCalls;
import io.vfio4j.linux.vfio.HostDevices;
import io.vfio4j.linux.vfio.VariantDrivers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The machine whose kernel devices commands see.
 *
 * @param root where its files are
 * @param calls its kernel
 */
record HostMachine(Path root, DeviceCalls calls) {

  /** The one that this program runs on. */
  static final HostMachine THIS = new HostMachine(Path.of("/"), DeviceCalls.system());

  HostDevices devices() {
    return HostDevices.in(root.resolve("sys"));
  }

  /** Returns the kernel's version, as in {@code 6.12.117+deb12-amd64}. */
  String release() {
    try {
      return Files.readString(root.resolve("proc/sys/kernel/osrelease")).strip();
    } catch (IOException e) {
      return "unknown";
    }
  }

  VariantDrivers drivers() {
    return VariantDrivers.read(root.resolve("lib/modules").resolve(release()).resolve("modules.alias"));
  }

  boolean hasVfio() {
    return Files.exists(root.resolve("dev/vfio"));
  }

  boolean hasIommufd() {
    return Files.exists(root.resolve("dev/iommu"));
  }

  /** Tells whether the kernel uses an IOMMU, which puts devices into groups. */
  boolean hasIommu() {
    Path groups = root.resolve("sys/kernel/iommu_groups");
    try (Stream<Path> all = Files.list(groups)) {
      return all.findAny().isPresent();
    } catch (IOException e) {
      return false; // There is no such folder, or it may not be seen.
    }
  }
}
