// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.vfio4j.linux.DeviceCalls;
import io.vfio4j.linux.vfio.DeviceStructs.GroupStatus;
import io.vfio4j.linux.vfio.Type1Structs.DmaMap;
import io.vfio4j.linux.vfio.Type1Structs.DmaUnmap;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;

/** A device opened through its group and a container with a type 1 IOMMU. */
final class GroupAttachment implements Attachment {

  private static final Path CONTAINER = Path.of("/dev/vfio/vfio");
  private static final int API_VERSION = 0;
  private static final int TYPE1 = 1;
  private static final int TYPE1_V2 = 3;

  private final VfioFile container;
  private final VfioFile group;
  private final VfioFile device;

  private GroupAttachment(VfioFile container, VfioFile group, VfioFile device) {
    this.container = container;
    this.group = group;
    this.device = device;
  }

  /**
   * Opens a device, in the only order that the kernel accepts: container, add the group to it, IOMMU, device.
   */
  static GroupAttachment open(DeviceOpener opener, DeviceCalls calls) throws DeviceException {
    VfioFile container = opener.open(CONTAINER, calls);
    try {
      VfioFile group = opener.open(opener.groupFile(), calls);
      try {
        checkViable(opener, group);
        setIommu(opener, container, group);
        return new GroupAttachment(container, group, openDevice(opener, group));
      } catch (Throwable t) {
        group.close();
        throw t;
      }
    } catch (Throwable t) {
      container.close();
      throw t;
    }
  }

  private static void checkViable(DeviceOpener opener, VfioFile group) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment status = Struct.allocate(arena, GroupStatus.LAYOUT);
      opener.check(DeviceOpener.Step.GROUP_STATUS, group.tryIoctl(Ioctl.VFIO_GROUP_GET_STATUS, status));
      if ((status.get(JAVA_INT, GroupStatus.FLAGS) & GroupStatus.VIABLE) == 0) {
        throw opener.notViable();
      }
    }
  }

  private static void setIommu(DeviceOpener opener, VfioFile container, VfioFile group)
      throws DeviceException {
    int version =
        opener.check(DeviceOpener.Step.CONTAINER, container.tryIoctl(Ioctl.VFIO_GET_API_VERSION, 0));
    if (version != API_VERSION) {
      throw opener.unsupportedVersion(version);
    }
    int type = container.tryIoctl(Ioctl.VFIO_CHECK_EXTENSION, TYPE1_V2) > 0 ? TYPE1_V2 : TYPE1;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment fd = arena.allocateFrom(JAVA_INT, container.fd().number());
      opener.check(DeviceOpener.Step.SET_CONTAINER, group.tryIoctl(Ioctl.VFIO_GROUP_SET_CONTAINER, fd));
    }
    opener.check(DeviceOpener.Step.SET_IOMMU, container.tryIoctl(Ioctl.VFIO_SET_IOMMU, type));
  }

  private static VfioFile openDevice(DeviceOpener opener, VfioFile group) throws DeviceException {
    String name = opener.device().name();
    try (Arena arena = Arena.ofConfined()) {
      int fd = opener.check(DeviceOpener.Step.DEVICE,
          group.tryIoctl(Ioctl.VFIO_GROUP_GET_DEVICE_FD, arena.allocateFrom(name)));
      return new VfioFile(group.calls(), fd, name, opener.device().address());
    }
  }

  @Override
  public VfioFile device() {
    return device;
  }

  @Override
  public void map(IovaRange range, MemorySegment memory, boolean isWritable) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment map = Struct.allocate(arena, DmaMap.LAYOUT);
      map.set(JAVA_INT, DmaMap.FLAGS, isWritable ? DmaMap.READ | DmaMap.WRITE : DmaMap.READ);
      map.set(JAVA_LONG, DmaMap.VADDR, memory.address());
      map.set(JAVA_LONG, DmaMap.IOVA, range.iova());
      map.set(JAVA_LONG, DmaMap.SIZE, range.length());
      container.ioctl("map DMA memory at " + range, Ioctl.VFIO_IOMMU_MAP_DMA, map, memory);
    }
  }

  @Override
  public void unmap(IovaRange range) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment unmap = Struct.allocate(arena, DmaUnmap.LAYOUT);
      unmap.set(JAVA_LONG, DmaUnmap.IOVA, range.iova());
      unmap.set(JAVA_LONG, DmaUnmap.SIZE, range.length());
      String action = "unmap DMA memory at " + range;
      container.ioctl(action, Ioctl.VFIO_IOMMU_UNMAP_DMA, unmap);
      // The kernel returns success even if nothing was mapped.
      if (unmap.get(JAVA_LONG, DmaUnmap.SIZE) != range.length()) {
        throw new DeviceException(device.device(), action, Errno.ENOENT);
      }
    }
  }

  @Override
  public Optional<DmaLog> dirtyLog() throws DeviceException {
    return Type1DirtyLog.of(container);
  }

  @Override
  public void close() {
    device.close();
    group.close();
    container.close();
  }
}
