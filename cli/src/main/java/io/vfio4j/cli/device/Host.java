// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.linux.DeviceCalls;
import io.vfio4j.linux.vfio.HostDevices;
import io.vfio4j.linux.vfio.VariantDrivers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The host whose kernel devices commands use.
 *
 * @param root the root of its file system; a test has a fake one
 * @param calls its kernel
 */
public record Host(Path root, DeviceCalls calls) {

  /** The host that this program runs on. */
  public static final Host LOCAL = new Host(Path.of("/"), DeviceCalls.system());

  public HostDevices devices() {
    return HostDevices.in(root.resolve("sys"));
  }

  /** Returns the kernel's version, as in {@code 6.12.117+deb12-amd64}. */
  public String kernelRelease() {
    try {
      return Files.readString(root.resolve("proc/sys/kernel/osrelease")).strip();
    } catch (IOException e) {
      return "unknown";
    }
  }

  public VariantDrivers variantDrivers() {
    return VariantDrivers.read(root.resolve("lib/modules").resolve(kernelRelease()).resolve("modules.alias"));
  }

  public boolean hasVfio() {
    return Files.exists(root.resolve("dev/vfio"));
  }

  public boolean hasIommufd() {
    return Files.exists(root.resolve("dev/iommu"));
  }

  /** Returns whether the kernel uses an IOMMU, and so has IOMMU groups. */
  public boolean hasIommu() {
    Path groups = root.resolve("sys/kernel/iommu_groups");
    try (Stream<Path> all = Files.list(groups)) {
      return all.findAny().isPresent();
    } catch (IOException e) {
      return false; // The directory does not exist or is not readable.
    }
  }
}
