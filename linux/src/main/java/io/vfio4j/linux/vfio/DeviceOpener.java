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
 * The opening of one device, and words for the person who sees it fail: what failed, why as far as can be known from
 * errno and sysfs, and what to do.
 *
 * @param device what is opened
 */
record DeviceOpener(HostDevice device) {

  /** What is done on the way. */
  enum Step {
    CONTAINER("ask for the version of VFIO"),
    GROUP_STATUS("ask for the state of the group"),
    SET_CONTAINER("put the group into a container"),
    SET_IOMMU("set the container's IOMMU"),
    DEVICE("open the device"),
    BIND("bind the device to an iommufd"),
    ADDRESS_SPACE("make an address space"),
    ATTACH("attach the address space");

    private final String description;

    Step(String words) {
      this.description = words;
    }
  }

  Path groupFile() throws DeviceException {
    return device.groupFile().orElseThrow(() -> failure("open", Errno.ENODEV,
        "it has no IOMMU group: the machine needs an IOMMU (intel_iommu=on or amd_iommu=on, and in the firmware), and "
            + "a mediated device needs the driver vfio_iommu_type1"));
  }

  Path cdevFile() throws DeviceException {
    return device.cdevFile().orElseThrow(() -> failure("open", Errno.ENODEV,
        "it has no file of its own in /dev/vfio/devices: " + (hasVfioDriver()
            ? "that takes Linux 6.6 or later with CONFIG_VFIO_DEVICE_CDEV; open it through its group"
            : describeBinding())));
  }

  /** Opens a file on the way. */
  VfioFile open(Path path, DeviceCalls calls) throws DeviceException {
    int number;
    do {
      number = calls.open(path);
    } while (number == -Errno.EINTR.number());
    if (number < 0) {
      Errno errno = new Errno(-number);
      throw failure("open " + path, errno, "%s: %s%s".formatted(path, errno, open(path, errno)));
    }
    return new VfioFile(calls, number, path.toString(), device.address());
  }

  private String open(Path path, Errno errno) {
    boolean isOfDevice = List.of(device.groupFile(), device.cdevFile()).stream().flatMap(Optional::stream)
        .anyMatch(path::equals);
    if (errno.equals(Errno.EACCES) || errno.equals(Errno.EPERM)) {
      return "; run as root, or give your user the file (chown, or a udev rule)";
    }
    if (errno.equals(Errno.EBUSY) && isOfDevice) {
      return "; another program has it open, such as a virtual machine (fuser -v %s tells which)"
          .formatted(path);
    }
    if (errno.equals(Errno.ENOENT)) {
      return isOfDevice ? "; " + describeBinding() : missingFileHint(path);
    }
    return "";
  }

  private static String missingFileHint(Path path) {
    return path.endsWith("iommu")
        ? "; the kernel has no iommufd: load it (modprobe iommufd) or open the device through its group"
        : "; VFIO is not loaded: modprobe vfio-pci, or the driver of your mediated device";
  }

  /** Tells whether its driver is one of VFIO's, as those of all mediated devices are. */
  private boolean hasVfioDriver() {
    return device.cdev().isPresent() || device.driver()
        .filter(driver -> device.kind() == HostDevice.Kind.MEDIATED || VariantDrivers.isVfio(driver))
        .isPresent();
  }

  private String describeBinding() {
    if (hasVfioDriver()) {
      return "its driver %s does not offer it that way"
          .formatted(device.driver().orElse("is not known, and"));
    }
    String driver = device.driver().map(name -> "it is bound to " + name + ", which is no VFIO driver")
        .orElse("no driver is bound to it");
    return device.kind() == HostDevice.Kind.PCI
        ? driver + "; bind its VFIO driver: " + VariantDrivers.system().bindCommands(device)
        : driver;
  }

  /** Returns the result of a step if it did not fail. */
  int check(Step step, int result) throws DeviceException {
    if (result >= 0) {
      return result;
    }
    Errno errno = new Errno(-result);
    String why = stepHint(step, errno);
    throw failure(step.description, errno,
        "%s: %s%s".formatted(step.description, errno, why == null ? "" : "; " + why));
  }

  private @Nullable String stepHint(Step step, Errno errno) {
    return switch (step) {
      case SET_IOMMU -> errno.equals(Errno.EPERM)
          ? "the IOMMU does not isolate interrupts; where you trust the device, load vfio_iommu_type1 with "
              + "allow_unsafe_interrupts=1"
          : errno.equals(Errno.ENODEV)
              ? "the driver vfio_iommu_type1 is not loaded: modprobe vfio_iommu_type1" : null;
      case SET_CONTAINER -> errno.equals(Errno.EBUSY) ? "another program has the group in a container" : null;
      case DEVICE -> errno.equals(Errno.ENODEV) ? describeBinding()
          : errno.equals(Errno.EINVAL) ? "the group is in no container yet, or wants the token of its PF"
              : null;
      case BIND -> errno.equals(Errno.EBUSY) || errno.equals(Errno.EINVAL)
          ? "another program has bound it, or opened its group" : null;
      case CONTAINER, GROUP_STATUS, ADDRESS_SPACE, ATTACH -> null;
    };
  }

  DeviceException notViable() {
    return failure("open", Errno.EPERM,
        "group %d cannot be had, because not all of its devices have a VFIO driver, or "
            .formatted(device.group().orElse(-1))
            + "none: %s. Bind or unbind them too: they cannot be told apart"
                .formatted(String.join(", ", device.neighbours().stream().map(Object::toString).toList())));
  }

  DeviceException unsupportedVersion(int version) {
    return failure("open", Errno.EOPNOTSUPP, "the kernel has version %d of VFIO, and this knows version 0"
        .formatted(version));
  }

  private DeviceException failure(String action, Errno errno, String words) {
    return new DeviceException(device.address(), action, errno, device.address() + ": " + words, null);
  }
}
