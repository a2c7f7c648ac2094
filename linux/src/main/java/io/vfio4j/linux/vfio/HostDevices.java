// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import io.vfio4j.linux.vfio.HostDevice.Kind;
import io.vfio4j.linux.vfio.HostDevice.Neighbour;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The devices of this machine, found through sysfs. */
public final class HostDevices {

  private static final Pattern PCI =
      Pattern.compile("(?:([0-9a-fA-F]{4,8}):)?([0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7])");
  private static final Pattern UUID =
      Pattern.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");
  private static final Pattern CDEV = Pattern.compile("/dev/vfio/devices/(vfio[0-9]+)");
  private static final Pattern GROUP = Pattern.compile("/dev/vfio/([0-9]{1,9})");

  private final Path pci;
  private final Path mediated;
  private final Path classVfio;
  private final Path groups;

  private HostDevices(Path sys) {
    pci = sys.resolve("bus/pci/devices");
    mediated = sys.resolve("bus/mdev/devices");
    classVfio = sys.resolve("class/vfio-dev");
    groups = sys.resolve("kernel/iommu_groups");
  }

  /** Returns the devices of this machine. */
  public static HostDevices system() {
    return new HostDevices(Path.of("/sys"));
  }

  /**
   * Returns the devices of another sysfs, for tests.
   *
   * @param sys the path of the sysfs
   */
  public static HostDevices in(Path sys) {
    return new HostDevices(sys);
  }

  /** The forms of device addresses, for messages. */
  public static final String ADDRESS_FORMS =
      "kernel:0000:3b:00.2 (PCI address), kernel:UUID (mediated device), kernel:/dev/vfio/devices/vfio0";

  /** Returns whether a text has the form of a device name. */
  public static boolean isName(String text) {
    return Stream.of(PCI, UUID, CDEV, GROUP).anyMatch(pattern -> pattern.matcher(text).matches());
  }

  /**
   * Finds a device.
   *
   * @param name a PCI address, with or without its domain; the UUID of a mediated device; the path of a
   *     device's own file; or that of a group with one device
   * @throws DeviceException ENODEV if there is no such device; EINVAL if the name is malformed, or matches
   *     several devices
   */
  public HostDevice find(String name) throws DeviceException {
    var address = PCI.matcher(name);
    if (address.matches()) {
      String domain = address.group(1) == null ? "0000" : address.group(1);
      String full = (domain + ":" + address.group(2)).toLowerCase(Locale.ROOT);
      return read(
          requireExisting(name, pci.resolve(full), "no such PCI device (lspci -D lists them)"),
          full);
    }
    if (UUID.matcher(name).matches()) {
      String uuid = name.toLowerCase(Locale.ROOT);
      return read(
          requireExisting(name, mediated.resolve(uuid),
              "no such mediated device: create it by writing its "
                  + "UUID to mdev_supported_types/TYPE/create of its parent device in sysfs"),
          uuid);
    }
    var cdev = CDEV.matcher(name);
    if (cdev.matches()) {
      Path link = requireExisting(name, classVfio.resolve(cdev.group(1)).resolve("device"),
          "no such VFIO device (this needs Linux 6.6 or later with CONFIG_VFIO_DEVICE_CDEV)");
      return read(link, realPath(name, link).getFileName().toString());
    }
    var group = GROUP.matcher(name);
    if (group.matches()) {
      return soleMember(name, group.group(1));
    }
    throw new DeviceException(name, "find", Errno.EINVAL,
        "'%s' is not a device address; expected %s".formatted(name, ADDRESS_FORMS), null);
  }

  private HostDevice soleMember(String name, String group) throws DeviceException {
    Path devices =
        requireExisting(name, groups.resolve(group).resolve("devices"), "no such IOMMU group");
    List<Path> members = list(devices);
    if (members.size() != 1) {
      throw new DeviceException(name, "find", Errno.EINVAL,
          "kernel:%s: the group has %d devices (%s); specify one of them"
              .formatted(name, members.size(),
                  String.join(", ", members.stream().map(HostDevices::fileName).toList())),
          null);
    }
    return read(members.getFirst(), fileName(members.getFirst()));
  }

  /**
   * Returns all PCI devices, mediated devices, and other devices with a VFIO file, each kind sorted by name.
   */
  public List<HostDevice> all() throws DeviceException {
    List<HostDevice> found = new ArrayList<>();
    for (Path folder : List.of(pci, mediated)) {
      for (Path device : list(folder)) {
        found.add(read(device, fileName(device)));
      }
    }
    for (Path cdev : list(classVfio)) {
      Path device = cdev.resolve("device");
      String name = fileName(realPath(fileName(cdev), device));
      if (found.stream().noneMatch(known -> known.name().equals(name))) {
        found.add(read(device, name));
      }
    }
    return found;
  }

  private static Path requireExisting(String name, Path path, String message) throws DeviceException {
    if (!Files.exists(path)) {
      throw new DeviceException(name, "find", Errno.ENODEV, "kernel:%s: %s".formatted(name, message), null);
    }
    return path;
  }

  private HostDevice read(Path device, String name) throws DeviceException {
    Kind kind = PCI.matcher(name).matches() ? Kind.PCI
        : UUID.matcher(name).matches() ? Kind.MEDIATED : Kind.OTHER;
    OptionalInt group = linkTarget(device.resolve("iommu_group"))
        .filter(number -> number.chars().allMatch(Character::isDigit))
        .map(number -> OptionalInt.of(Integer.parseInt(number))).orElse(OptionalInt.empty());
    return new HostDevice(name, kind, kind == Kind.PCI ? Optional.of(ids(device)) : Optional.empty(),
        linkTarget(device.resolve("driver")), group,
        list(device.resolve("vfio-dev")).stream().map(HostDevices::fileName).findFirst(),
        neighbours(device, name));
  }

  private static List<Neighbour> neighbours(Path device, String name) throws DeviceException {
    return list(device.resolve("iommu_group/devices")).stream()
        .filter(other -> !fileName(other).equals(name))
        .map(other -> new Neighbour(fileName(other), linkTarget(other.resolve("driver")))).toList();
  }

  private static PciIds ids(Path device) throws DeviceException {
    return new PciIds(readNumber(device, "vendor"), readNumber(device, "device"),
        readNumber(device, "subsystem_vendor"),
        readNumber(device, "subsystem_device"), readNumber(device, "class"));
  }

  private static int readNumber(Path device, String attribute) throws DeviceException {
    try {
      return Integer.decode(Files.readString(device.resolve(attribute)).strip());
    } catch (IOException | NumberFormatException e) {
      throw unreadable(fileName(device), e);
    }
  }

  /** Returns the name of a link's target. */
  private static Optional<String> linkTarget(Path link) {
    try {
      return Optional.of(fileName(Files.readSymbolicLink(link)));
    } catch (IOException e) {
      return Optional.empty(); // no link
    }
  }

  private static Path realPath(String name, Path path) throws DeviceException {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      throw unreadable(name, e);
    }
  }

  /** Returns the entries of a directory, sorted by name; none if it does not exist. */
  private static List<Path> list(Path folder) throws DeviceException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    } catch (IOException e) {
      throw unreadable(fileName(folder), e);
    }
  }

  private static DeviceException unreadable(String name, Exception e) {
    return new DeviceException(name, "read sysfs", Errno.EIO, "kernel:%s: cannot read sysfs: %s"
        .formatted(name, e.getMessage()), e);
  }

  private static String fileName(Path path) {
    return String.valueOf(path.getFileName());
  }
}
