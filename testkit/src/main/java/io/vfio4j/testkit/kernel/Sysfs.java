// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/**
 * The part of sysfs that concerns VFIO devices, in a folder.
 *
 * @param root the folder in place of {@code /sys}
 */
public record Sysfs(Path root) {

  /** Creates a PCI device. */
  public Sysfs pci(String address, int vendor, int device, int classCode) throws IOException {
    Path folder = Files.createDirectories(root.resolve("devices/pci0000:00").resolve(address));
    attribute(folder, "vendor", vendor);
    attribute(folder, "device", device);
    attribute(folder, "subsystem_vendor", vendor);
    attribute(folder, "subsystem_device", 1);
    attribute(folder, "class", classCode);
    link(root.resolve("bus/pci/devices").resolve(address), folder);
    return this;
  }

  private static void attribute(Path folder, String name, int value) throws IOException {
    Files.writeString(folder.resolve(name), "0x%04x\n".formatted(value));
  }

  /** Creates a mediated device. */
  public Sysfs mediated(String uuid) throws IOException {
    Path folder = Files.createDirectories(root.resolve("devices/virtual/mtty/mtty").resolve(uuid));
    link(root.resolve("bus/mdev/devices").resolve(uuid), folder);
    return this;
  }

  /** Creates a device on another bus. */
  public Sysfs other(String name) throws IOException {
    Files.createDirectories(root.resolve("devices/platform").resolve(name));
    return this;
  }

  private Path device(String name) throws IOException {
    try (var all = Files.walk(root.resolve("devices"))) {
      return all.filter(path -> path.endsWith(name)).findFirst().orElseThrow();
    }
  }

  /** Binds a driver. */
  public Sysfs driver(String name, String driver) throws IOException {
    Path folder = Files.createDirectories(root.resolve("bus/any/drivers").resolve(driver));
    link(device(name).resolve("driver"), folder);
    return this;
  }

  /** Assigns a device to a group. */
  public Sysfs group(String name, int number) throws IOException {
    Path group = root.resolve("kernel/iommu_groups").resolve(Integer.toString(number));
    link(group.resolve("devices").resolve(name), device(name));
    link(device(name).resolve("iommu_group"), group);
    return this;
  }

  /** Adds the character device of a device. */
  public Sysfs cdev(String name, String cdev) throws IOException {
    Path folder = Files.createDirectories(device(name).resolve("vfio-dev").resolve(cdev));
    link(folder.resolve("device"), device(name));
    link(root.resolve("class/vfio-dev").resolve(cdev), folder);
    return this;
  }

  private static void link(Path from, Path to) throws IOException {
    Files.createDirectories(Objects.requireNonNull(from.getParent()));
    Files.createSymbolicLink(from, to);
  }
}
