// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import io.vfio4j.linux.DeviceCalls;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Opens one device. Its error messages say what failed, the cause as far as errno and sysfs show it, and the
 * remedy.
 *
 * @param device the device to open
 */
record DeviceOpener(HostDevice device) {

  /** The steps of opening. */
  enum Step {
    CONTAINER("query the VFIO version"),
    GROUP_STATUS("query the status of the group"),
    SET_CONTAINER("add the group to a container"),
    SET_IOMMU("set the IOMMU of the container"),
    DEVICE("open the device"),
    BIND("bind the device to an iommufd"),
    ADDRESS_SPACE("allocate an address space"),
    ATTACH("attach the device to the address space");

    private final String description;

    Step(String description) {
      this.description = description;
    }
  }

  Path groupFile() throws DeviceException {
    return device.groupFile().orElseThrow(() -> failure("open", Errno.ENODEV,
        "it has no IOMMU group: enable the IOMMU in the firmware and on the kernel's command line (intel_iommu=on or "
            + "amd_iommu=on); for a mediated device, load vfio_iommu_type1"));
  }

  Path cdevFile() throws DeviceException {
    return device.cdevFile().orElseThrow(() -> failure("open", Errno.ENODEV,
        "it has no file in /dev/vfio/devices: " + (hasVfioDriver()
            ? "this needs Linux 6.6 or later with CONFIG_VFIO_DEVICE_CDEV; open it through its group"
            : describeBinding())));
  }

  /** Opens a file of the device, or one through which devices are opened. */
  VfioFile open(Path path, DeviceCalls calls) throws DeviceException {
    int number;
    do {
      number = calls.open(path);
    } while (number == -Errno.EINTR.number());
    if (number < 0) {
      Errno errno = new Errno(-number);
      throw failure("open " + path, errno, "%s: %s%s".formatted(path, errno, openHint(path, errno)));
    }
    return new VfioFile(calls, number, path.toString(), device.address());
  }

  private String openHint(Path path, Errno errno) {
    boolean isOfDevice = List.of(device.groupFile(), device.cdevFile()).stream().flatMap(Optional::stream)
        .anyMatch(path::equals);
    if (errno.equals(Errno.EACCES) || errno.equals(Errno.EPERM)) {
      return "; run as root, or grant your user access to the file (chown, or a udev rule)";
    }
    if (errno.equals(Errno.EBUSY) && isOfDevice) {
      return "; another program has it open, such as a virtual machine (fuser -v %s shows which)"
          .formatted(path);
    }
    if (errno.equals(Errno.ENOENT)) {
      return isOfDevice ? "; " + describeBinding() : missingFileHint(path);
    }
    return "";
  }

  private static String missingFileHint(Path path) {
    return path.endsWith("iommu")
        ? "; iommufd is not loaded: modprobe iommufd, or open the device through its group"
        : "; VFIO is not loaded: modprobe vfio-pci, or the driver of your mediated device";
  }

  /** Returns whether its driver is a VFIO driver, like those of all mediated devices. */
  private boolean hasVfioDriver() {
    return device.cdev().isPresent() || device.driver()
        .filter(driver -> device.kind() == HostDevice.Kind.MEDIATED || VariantDrivers.isVfio(driver))
        .isPresent();
  }

  private String describeBinding() {
    if (hasVfioDriver()) {
      return "its driver%s does not support this interface"
          .formatted(device.driver().map(name -> " " + name).orElse(""));
    }
    String driver = device.driver().map(name -> "it is bound to " + name + ", which is not a VFIO driver")
        .orElse("no driver is bound to it");
    return device.kind() == HostDevice.Kind.PCI
        ? driver + "; bind its VFIO driver: " + VariantDrivers.system().bindCommands(device)
        : driver;
  }

  /** Returns the result of a step, if it succeeded. */
  int check(Step step, int result) throws DeviceException {
    if (result >= 0) {
      return result;
    }
    Errno errno = new Errno(-result);
    String hint = stepHint(step, errno);
    throw failure(step.description, errno,
        "%s: %s%s".formatted(step.description, errno, hint == null ? "" : "; " + hint));
  }

  private @Nullable String stepHint(Step step, Errno errno) {
    return switch (step) {
      case SET_IOMMU -> errno.equals(Errno.EPERM)
          ? "the IOMMU does not isolate interrupts; if you trust the device, load vfio_iommu_type1 with "
              + "allow_unsafe_interrupts=1"
          : errno.equals(Errno.ENODEV)
              ? "vfio_iommu_type1 is not loaded: modprobe vfio_iommu_type1" : null;
      case SET_CONTAINER -> errno.equals(Errno.EBUSY) ? "another program has the group in a container" : null;
      case DEVICE -> errno.equals(Errno.ENODEV) ? describeBinding()
          : errno.equals(Errno.EINVAL) ? "the group is not in a container, or needs the token of its PF"
              : null;
      case BIND -> errno.equals(Errno.EBUSY) || errno.equals(Errno.EINVAL)
          ? "another program has bound it, or has its group open" : null;
      case CONTAINER, GROUP_STATUS, ADDRESS_SPACE, ATTACH -> null;
    };
  }

  DeviceException notViable() {
    return failure("open", Errno.EPERM,
        "group %d is not viable, because some of its devices are bound to other drivers than VFIO's: "
            .formatted(device.group().orElse(-1))
            + "%s. Bind these to a VFIO driver too, or unbind them: the IOMMU cannot isolate them from each other"
                .formatted(String.join(", ", device.neighbours().stream().map(Object::toString).toList())));
  }

  DeviceException unsupportedVersion(int version) {
    return failure("open", Errno.EOPNOTSUPP, "unsupported VFIO version %d (expected 0)"
        .formatted(version));
  }

  private DeviceException failure(String action, Errno errno, String message) {
    return new DeviceException(device.address(), action, errno, device.address() + ": " + message, null);
  }
}
