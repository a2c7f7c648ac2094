// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.vfio4j.linux.DeviceCalls;
import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigratableDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/** The device's file, however it was opened. */
final class ScriptedDevice {

  static final int BAR0 = 0;
  static final int CONFIG = 7;
  private static final int REGIONS = 9;
  private static final int IRQS = 5;
  private static final int REGION_SHIFT = 40;
  private static final int CONFIG_SIZE = 256;
  private static final int BAR_SIZE = 8192;
  private static final int MSIX = 2;
  private static final int MSIX_VECTORS = 4;

  private record Vector(int index, int vector) {
  }

  private final MigratableDevice device;
  private final ScriptedFeatures features;
  private final MemorySegment config = Arena.ofAuto().allocate(CONFIG_SIZE, Long.BYTES);
  private final MemorySegment bar = Arena.ofAuto().allocate(BAR_SIZE, 4096);
  private final Map<Vector, Integer> eventFds = new HashMap<>();

  ScriptedDevice(ScriptedKernel kernel, MigratableDevice device, KernelProfile profile) {
    this.device = device;
    features = new ScriptedFeatures(kernel, device, profile);
    DeviceIdentity identity = device.identity();
    config.set(JAVA_SHORT_UNALIGNED, 0, (short) identity.vendorId());
    config.set(JAVA_SHORT_UNALIGNED, 2, (short) identity.deviceId());
    config.set(JAVA_INT, 8, identity.classCode() << 8 | 1);
    config.set(JAVA_SHORT_UNALIGNED, 0x2c, (short) identity.subsystemVendorId());
    config.set(JAVA_SHORT_UNALIGNED, 0x2e, (short) identity.subsystemId());
  }

  String name() {
    return device.identity().name();
  }

  ScriptedFile groupFile() {
    return new DeviceFile(true);
  }

  ScriptedFile cdevFile() {
    return new DeviceFile(false);
  }

  MemorySegment bar(long offset, long length) {
    return bar.asSlice(offset & ((1L << REGION_SHIFT) - 1), length);
  }

  void write(long iova, long length) {
    features.write(iova, length);
  }

  void raise(int index, int vector) throws LinuxException {
    Integer number = eventFds.get(new Vector(index, vector));
    if (number != null) {
      EventFd.of(DeviceCalls.system().adopt(number, "an eventfd")).signal();
    }
  }

  private final class DeviceFile implements ScriptedFile {

    private boolean isBound;
    private boolean isAttached;

    DeviceFile(boolean isBound) {
      this.isBound = isBound;
    }

    @Override
    public int ioctl(int request, MemorySegment argument, MemorySegment pointedAt) {
      if (!isBound && request != IoctlNumbers.DEVICE_BIND_IOMMUFD) {
        return -Errno.EINVAL.number();
      }
      return switch (request) {
        case IoctlNumbers.DEVICE_BIND_IOMMUFD -> {
          isBound = true;
          argument.set(JAVA_INT, 12, IommufdFile.DEVICE);
          yield 0;
        }
        case IoctlNumbers.DEVICE_ATTACH_IOMMUFD_PT -> {
          int table = argument.get(JAVA_INT, 8);
          boolean isThere = table == IommufdFile.ADDRESS_SPACE || table == IommufdFile.PAGE_TABLE;
          isAttached |= isThere;
          yield isThere && isAttached ? 0 : -Errno.ENOENT.number();
        }
        case IoctlNumbers.DEVICE_GET_INFO -> info(argument);
        case IoctlNumbers.DEVICE_GET_REGION_INFO -> regionInfo(argument);
        case IoctlNumbers.DEVICE_GET_IRQ_INFO -> irqInfo(argument);
        case IoctlNumbers.DEVICE_SET_IRQS -> setIrqs(argument);
        case IoctlNumbers.DEVICE_RESET -> reset();
        case IoctlNumbers.DEVICE_FEATURE -> features.ioctl(argument, pointedAt);
        default -> -Errno.ENOTTY.number();
      };
    }

    @Override
    public long read(MemorySegment into, long offset) {
      return isBound ? transfer(into, offset, false) : -Errno.EINVAL.number();
    }

    @Override
    public long write(MemorySegment from, long offset) {
      return isBound ? transfer(from, offset, true) : -Errno.EINVAL.number();
    }
  }

  private int reset() {
    try {
      device.reset();
      return 0;
    } catch (DeviceException e) {
      return -e.errno().number();
    }
  }

  private static int info(MemorySegment argument) {
    argument.set(JAVA_INT, 4, 0b11); // VFIO_DEVICE_FLAGS_RESET | _PCI
    argument.set(JAVA_INT, 8, REGIONS);
    argument.set(JAVA_INT, 12, IRQS);
    return 0;
  }

  /** BAR0 is mappable; its sparse-mmap capability lists the second page. argsz returns the size needed. */
  private static int regionInfo(MemorySegment argument) {
    int index = argument.get(JAVA_INT, 8);
    if (index < 0 || index >= REGIONS) {
      return -Errno.EINVAL.number();
    }
    long size = index == CONFIG ? CONFIG_SIZE : index == BAR0 ? BAR_SIZE : 0;
    argument.set(JAVA_INT, 4, index == BAR0 ? 0b1111 : size > 0 ? 0b11 : 0);
    argument.set(JAVA_LONG, 16, size);
    argument.set(JAVA_LONG, 24, (long) index << REGION_SHIFT);
    if (index == BAR0) {
      int argsz = 32 + 16 + 16;
      boolean hasRoom = argument.byteSize() >= argsz;
      argument.set(JAVA_INT, 0, argsz);
      argument.set(JAVA_INT, 12, hasRoom ? 32 : 0);
      if (hasRoom) {
        argument.set(JAVA_INT, 32, 1 << 16 | 1); // version 1, sparse mmap
        argument.set(JAVA_INT, 36, 0);
        argument.set(JAVA_INT, 40, 1);
        argument.set(JAVA_LONG, 48, BAR_SIZE / 2);
        argument.set(JAVA_LONG, 56, BAR_SIZE / 2);
      }
    }
    return 0;
  }

  private static int irqInfo(MemorySegment argument) {
    int index = argument.get(JAVA_INT, 8);
    if (index < 0 || index >= IRQS) {
      return -Errno.EINVAL.number();
    }
    argument.set(JAVA_INT, 4, 1);
    argument.set(JAVA_INT, 12, index == 0 ? 1 : index == MSIX ? MSIX_VECTORS : 0);
    return 0;
  }

  private int setIrqs(MemorySegment argument) {
    int flags = argument.get(JAVA_INT, 4);
    int index = argument.get(JAVA_INT, 8);
    int start = argument.get(JAVA_INT, 12);
    int count = argument.get(JAVA_INT, 16);
    if (index != MSIX || start < 0 || count < 0 || start + count > MSIX_VECTORS) {
      return -Errno.EINVAL.number();
    }
    if (count == 0) {
      eventFds.keySet().removeIf(vector -> vector.index == index);
      return 0;
    }
    if ((flags & 0b100) == 0) {
      return triggerAll(index, start, count);
    }
    for (int i = 0; i < count; i++) {
      int fd = argument.get(JAVA_INT, 20 + 4L * i);
      if (fd < 0) {
        eventFds.remove(new Vector(index, start + i));
      } else {
        eventFds.put(new Vector(index, start + i), fd);
      }
    }
    return 0;
  }

  private int triggerAll(int index, int start, int count) {
    try {
      for (int i = 0; i < count; i++) {
        raise(index, start + i);
      }
      return 0;
    } catch (LinuxException e) {
      return -e.errno().number();
    }
  }

  private long transfer(MemorySegment buffer, long offset, boolean isWrite) {
    int index = (int) (offset >>> REGION_SHIFT);
    long at = offset & ((1L << REGION_SHIFT) - 1);
    MemorySegment region = index == CONFIG ? config : index == BAR0 ? bar : MemorySegment.NULL;
    if (at >= region.byteSize()) {
      return -Errno.EINVAL.number();
    }
    // As in VFIO's regions, an access ends at a naturally aligned boundary.
    long size = Math.min(buffer.byteSize(), Math.min(region.byteSize() - at, Long.BYTES));
    MemorySegment.copy(isWrite ? buffer : region, isWrite ? 0 : at, isWrite ? region : buffer,
        isWrite ? at : 0, size);
    return size;
  }
}
