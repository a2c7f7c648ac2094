// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.vfio4j.linux.DeviceCalls;
import io.vfio4j.linux.vfio.DeviceStructs.Attach;
import io.vfio4j.linux.vfio.DeviceStructs.Bind;
import io.vfio4j.linux.vfio.IommufdStructs.HwInfo;
import io.vfio4j.linux.vfio.IommufdStructs.HwptAlloc;
import io.vfio4j.linux.vfio.IommufdStructs.IoasAlloc;
import io.vfio4j.linux.vfio.IommufdStructs.IoasMap;
import io.vfio4j.linux.vfio.IommufdStructs.IoasUnmap;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/** A device opened through its own file, bound to an iommufd, and attached to an address space of it. */
final class CdevAttachment implements Attachment {

  private static final Path IOMMUFD = Path.of("/dev/iommu");

  private final VfioFile iommufd;
  private final VfioFile device;
  private final int ioasId;
  private final OptionalInt hwptId;

  private CdevAttachment(VfioFile iommufd, VfioFile device, int addressSpace, OptionalInt pageTable) {
    this.iommufd = iommufd;
    this.device = device;
    this.ioasId = addressSpace;
    this.hwptId = pageTable;
  }

  /** Opens a device. Until it is bound, the kernel refuses all requests to it. */
  static CdevAttachment open(DeviceOpener opener, DeviceCalls calls) throws DeviceException {
    VfioFile iommufd = opener.open(IOMMUFD, calls);
    try {
      VfioFile device = opener.open(opener.cdevFile(), calls);
      try {
        int id = bind(opener, device, iommufd);
        int addressSpace = allocateIoas(opener, iommufd);
        OptionalInt pageTable = allocateHwpt(iommufd, id, addressSpace);
        attach(opener, device, pageTable.orElse(addressSpace));
        return new CdevAttachment(iommufd, device, addressSpace, pageTable);
      } catch (Throwable t) {
        device.close();
        throw t;
      }
    } catch (Throwable t) {
      iommufd.close();
      throw t;
    }
  }

  private static int bind(DeviceOpener opener, VfioFile device, VfioFile iommufd) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bind = Struct.allocate(arena, Bind.LAYOUT);
      bind.set(JAVA_INT, Bind.IOMMUFD, iommufd.fd().number());
      opener.check(DeviceOpener.Step.BIND, device.tryIoctl(Ioctl.VFIO_DEVICE_BIND_IOMMUFD, bind));
      return bind.get(JAVA_INT, Bind.OUT_DEVID);
    }
  }

  private static int allocateIoas(DeviceOpener opener, VfioFile iommufd) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment alloc = Struct.allocate(arena, IoasAlloc.LAYOUT);
      opener.check(DeviceOpener.Step.ADDRESS_SPACE, iommufd.tryIoctl(Ioctl.IOMMU_IOAS_ALLOC, alloc));
      return alloc.get(JAVA_INT, IoasAlloc.OUT_IOAS_ID);
    }
  }

  /**
   * Allocates a page table that tracks dirty pages, if the device has an IOMMU that supports it; a mediated
   * device has none.
   */
  private static OptionalInt allocateHwpt(VfioFile iommufd, int device, int addressSpace) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = Struct.allocate(arena, HwInfo.LAYOUT);
      info.set(JAVA_INT, HwInfo.DEV_ID, device);
      if (iommufd.tryIoctl(Ioctl.IOMMU_GET_HW_INFO, info) < 0
          || (info.get(JAVA_LONG, HwInfo.OUT_CAPABILITIES) & HwInfo.CAP_DIRTY_TRACKING) == 0) {
        return OptionalInt.empty();
      }
      MemorySegment alloc = Struct.allocate(arena, HwptAlloc.LAYOUT);
      alloc.set(JAVA_INT, HwptAlloc.FLAGS, HwptAlloc.DIRTY_TRACKING);
      alloc.set(JAVA_INT, HwptAlloc.DEV_ID, device);
      alloc.set(JAVA_INT, HwptAlloc.PT_ID, addressSpace);
      return iommufd.tryIoctl(Ioctl.IOMMU_HWPT_ALLOC, alloc) < 0
          ? OptionalInt.empty()
          : OptionalInt.of(alloc.get(JAVA_INT, HwptAlloc.OUT_HWPT_ID));
    }
  }

  private static void attach(DeviceOpener opener, VfioFile device, int pageTable) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attach = Struct.allocate(arena, Attach.LAYOUT);
      attach.set(JAVA_INT, Attach.PT_ID, pageTable);
      opener.check(DeviceOpener.Step.ATTACH, device.tryIoctl(Ioctl.VFIO_DEVICE_ATTACH_IOMMUFD_PT, attach));
    }
  }

  @Override
  public VfioFile device() {
    return device;
  }

  @Override
  public void map(IovaRange range, MemorySegment memory, boolean isWritable) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment map = Struct.allocate(arena, IoasMap.LAYOUT);
      int flags = IoasMap.FIXED_IOVA | IoasMap.READABLE;
      map.set(JAVA_INT, IoasMap.FLAGS, isWritable ? flags | IoasMap.WRITEABLE : flags);
      map.set(JAVA_INT, IoasMap.IOAS_ID, ioasId);
      map.set(JAVA_LONG, IoasMap.USER_VA, memory.address());
      map.set(JAVA_LONG, IoasMap.LENGTH, range.length());
      map.set(JAVA_LONG, IoasMap.IOVA, range.iova());
      iommufd.ioctl("map DMA memory at " + range, Ioctl.IOMMU_IOAS_MAP, map, memory);
    }
  }

  @Override
  public void unmap(IovaRange range) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment unmap = Struct.allocate(arena, IoasUnmap.LAYOUT);
      unmap.set(JAVA_INT, IoasUnmap.IOAS_ID, ioasId);
      unmap.set(JAVA_LONG, IoasUnmap.IOVA, range.iova());
      unmap.set(JAVA_LONG, IoasUnmap.LENGTH, range.length());
      iommufd.ioctl("unmap DMA memory at " + range, Ioctl.IOMMU_IOAS_UNMAP, unmap);
    }
  }

  @Override
  public Optional<DmaLog> dirtyLog() {
    return hwptId.isPresent()
        ? Optional.of(new HwptDirtyLog(iommufd, hwptId.getAsInt()))
        : Optional.empty();
  }

  @Override
  public void close() {
    device.close();
    iommufd.close();
  }
}
