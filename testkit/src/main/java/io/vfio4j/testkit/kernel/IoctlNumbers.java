// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

/**
 * The ioctl numbers of VFIO and iommufd (uapi/linux/vfio.h, uapi/linux/iommufd.h). They repeat those of
 * io.vfio4j.linux on purpose, so that a mistake there fails a test.
 */
public final class IoctlNumbers {

  public static final int GET_API_VERSION = 0x3b64;
  public static final int CHECK_EXTENSION = 0x3b65;
  public static final int SET_IOMMU = 0x3b66;
  public static final int GROUP_GET_STATUS = 0x3b67;
  public static final int GROUP_SET_CONTAINER = 0x3b68;
  public static final int GROUP_GET_DEVICE_FD = 0x3b6a;
  public static final int DEVICE_GET_INFO = 0x3b6b;
  public static final int DEVICE_GET_REGION_INFO = 0x3b6c;
  public static final int DEVICE_GET_IRQ_INFO = 0x3b6d;
  public static final int DEVICE_SET_IRQS = 0x3b6e;
  public static final int DEVICE_RESET = 0x3b6f;
  /** The same number as {@link #IOMMU_DIRTY_PAGES}, for another file. */
  public static final int DEVICE_FEATURE = 0x3b75;
  public static final int DEVICE_BIND_IOMMUFD = 0x3b76;
  public static final int DEVICE_ATTACH_IOMMUFD_PT = 0x3b77;
  public static final int MIG_GET_PRECOPY_INFO = 0x3b79;
  public static final int IOMMU_GET_INFO = 0x3b70;
  public static final int IOMMU_MAP_DMA = 0x3b71;
  public static final int IOMMU_UNMAP_DMA = 0x3b72;
  public static final int IOMMU_DIRTY_PAGES = 0x3b75;
  public static final int IOAS_ALLOC = 0x3b81;
  public static final int IOAS_MAP = 0x3b85;
  public static final int IOAS_UNMAP = 0x3b86;
  public static final int HWPT_ALLOC = 0x3b89;
  public static final int GET_HW_INFO = 0x3b8a;
  public static final int HWPT_SET_DIRTY_TRACKING = 0x3b8b;
  public static final int HWPT_GET_DIRTY_BITMAP = 0x3b8c;

  private IoctlNumbers() {
  }
}
