// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A device of this machine as sysfs shows it, which takes no rights.
 *
 * @param name what the kernel calls it: a PCI address such as {@code 0000:3b:00.2}, or a mediated device's UUID
 * @param kind what it is
 * @param ids what it says that it is; empty for other than PCI devices
 * @param driver the driver that is bound to it
 * @param group its IOMMU group, the N of {@code /dev/vfio/N}
 * @param cdev the name of its own file in {@code /dev/vfio/devices}; a kernel without CONFIG_VFIO_DEVICE_CDEV may give it
 *     a name and no file
 * @param neighbours the other devices of the group, which go with it
 */
public record HostDevice(String name, Kind kind, Optional<PciIds> ids, Optional<String> driver,
    OptionalInt group,
    Optional<String> cdev, List<Neighbour> neighbours) {

  /** The folder of the files by which VFIO devices are had. */
  private static final Path VFIO = Path.of("/dev/vfio");

  /** What a device is. */
  public enum Kind {
    /** A PCI function. */
    PCI("PCI device"),
    /** A mediated device, emulated by a driver of the host's. */
    MEDIATED("mediated device"),
    /** Something else that has a file of its own: a platform device, an s390 device. */
    OTHER("device");

    private final String description;

    Kind(String words) {
      this.description = words;
    }

    @Override
    public String toString() {
      return description;
    }
  }

  /**
   * A device of the same group.
   *
   * @param name its name
   * @param driver the driver that is bound to it
   */
  public record Neighbour(String name, Optional<String> driver) {

    /** Returns name and driver, as in {@code 0000:3b:00.1 (nvme)}. */
    @Override
    public String toString() {
      return "%s (%s)".formatted(name, driver.orElse("no driver"));
    }
  }

  /** Copies the list. */
  public HostDevice {
    neighbours = List.copyOf(neighbours);
  }

  /** Returns the address by which commands know it, as in {@code kernel:0000:3b:00.2}. */
  public String address() {
    return "kernel:" + name;
  }

  /** Returns the file of its group, if it has one. */
  public Optional<Path> groupFile() {
    return group.isPresent() ? Optional.of(VFIO.resolve(Integer.toString(group.getAsInt())))
        : Optional.empty();
  }

  /** Returns the file of its own, if it has one. */
  public Optional<Path> cdevFile() {
    return cdev.map(file -> VFIO.resolve("devices").resolve(file));
  }
}
