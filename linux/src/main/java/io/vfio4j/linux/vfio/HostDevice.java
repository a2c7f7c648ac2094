// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A device of this machine as listed in sysfs, which needs no privileges.
 *
 * @param name the kernel's name for it: a PCI address such as {@code 0000:3b:00.2}, or the UUID of a mediated
 *     device
 * @param kind the kind of device
 * @param ids its PCI IDs; empty for other than PCI devices
 * @param driver the driver bound to it
 * @param group its IOMMU group, the N of {@code /dev/vfio/N}
 * @param cdev the name of its file in {@code /dev/vfio/devices}; a kernel without CONFIG_VFIO_DEVICE_CDEV may
 *     list a name without a file
 * @param neighbours the other devices of the group
 */
public record HostDevice(String name, Kind kind, Optional<PciIds> ids, Optional<String> driver,
    OptionalInt group, Optional<String> cdev, List<Neighbour> neighbours) {

  /** The directory of VFIO's files. */
  private static final Path VFIO = Path.of("/dev/vfio");

  /** Kinds of devices. */
  public enum Kind {
    /** A PCI function. */
    PCI("PCI device"),
    /** A mediated device, emulated by a driver of the host. */
    MEDIATED("mediated device"),
    /** Another device with its own VFIO file: a platform device, an s390 device. */
    OTHER("device");

    private final String description;

    Kind(String description) {
      this.description = description;
    }

    @Override
    public String toString() {
      return description;
    }
  }

  /**
   * Another device of the same group.
   *
   * @param name its name
   * @param driver the driver bound to it
   */
  public record Neighbour(String name, Optional<String> driver) {

    /** Returns name and driver, as in {@code 0000:3b:00.1 (nvme)}. */
    @Override
    public String toString() {
      return "%s (%s)".formatted(name, driver.orElse("no driver"));
    }
  }

  public HostDevice {
    neighbours = List.copyOf(neighbours);
  }

  /** Returns its address in commands, as in {@code kernel:0000:3b:00.2}. */
  public String address() {
    return "kernel:" + name;
  }

  /** Returns the path of its group's file, if it has one. */
  public Optional<Path> groupFile() {
    return group.isPresent() ? Optional.of(VFIO.resolve(Integer.toString(group.getAsInt())))
        : Optional.empty();
  }

  /** Returns the path of its own file, if it has one. */
  public Optional<Path> cdevFile() {
    return cdev.map(file -> VFIO.resolve("devices").resolve(file));
  }
}
