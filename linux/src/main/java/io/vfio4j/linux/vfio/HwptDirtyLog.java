// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.vfio4j.linux.vfio.IommufdStructs.GetDirtyBitmap;
import io.vfio4j.linux.vfio.IommufdStructs.SetDirtyTracking;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The log of the page table through which the IOMMU gives a device access to memory. It covers all mappings.
 */
final class HwptDirtyLog implements DmaLog {

  private final VfioFile iommufd;
  private final int hwptId;

  /**
   * Creates the log of a page table that supports dirty tracking.
   *
   * @param pageTable the ID of the page table
   */
  HwptDirtyLog(VfioFile iommufd, int pageTable) {
    this.iommufd = iommufd;
    this.hwptId = pageTable;
  }

  /**
   * {@inheritDoc} The log covers all mappings, not only the ranges; the page size is the one requested, since
   * reports may have any.
   */
  @Override
  public long start(List<IovaRange> ranges, long pageSize) throws DeviceException {
    setTracking("start tracking dirty pages", SetDirtyTracking.ENABLE);
    return pageSize;
  }

  @Override
  public void stop() throws DeviceException {
    setTracking("stop tracking dirty pages", 0);
  }

  private void setTracking(String action, int flags) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment argument = Struct.allocate(arena, SetDirtyTracking.LAYOUT);
      argument.set(JAVA_INT, SetDirtyTracking.FLAGS, flags);
      argument.set(JAVA_INT, SetDirtyTracking.HWPT_ID, hwptId);
      iommufd.ioctl(action, Ioctl.IOMMU_HWPT_SET_DIRTY_TRACKING, argument);
    }
  }

  @Override
  public void report(IovaRange range, long pageSize, MemorySegment bitmap) throws DeviceException {
    ReportBitmap.checkedSize(iommufd.device(), range, pageSize, bitmap);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment argument = Struct.allocate(arena, GetDirtyBitmap.LAYOUT);
      argument.set(JAVA_INT, GetDirtyBitmap.HWPT_ID, hwptId);
      argument.set(JAVA_LONG, GetDirtyBitmap.IOVA, range.iova());
      argument.set(JAVA_LONG, GetDirtyBitmap.LENGTH, range.length());
      argument.set(JAVA_LONG, GetDirtyBitmap.PAGE_SIZE, pageSize);
      argument.set(JAVA_LONG, GetDirtyBitmap.DATA, bitmap.address());
      iommufd.ioctl("report dirty pages of " + range, Ioctl.IOMMU_HWPT_GET_DIRTY_BITMAP, argument, bitmap);
    }
  }
}
