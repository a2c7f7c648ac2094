// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

/**
 * The requests of VFIO (uapi/linux/vfio.h) and of iommufd (uapi/linux/iommufd.h), named as in the headers.
 * They are {@code _IO(';', n)}, so their numbers have no size.
 */
enum Ioctl {
  VFIO_GET_API_VERSION(100),
  VFIO_CHECK_EXTENSION(101),
  VFIO_SET_IOMMU(102),
  VFIO_GROUP_GET_STATUS(103),
  VFIO_GROUP_SET_CONTAINER(104),
  VFIO_GROUP_GET_DEVICE_FD(106),
  VFIO_DEVICE_GET_INFO(107),
  VFIO_DEVICE_GET_REGION_INFO(108),
  VFIO_DEVICE_GET_IRQ_INFO(109),
  VFIO_DEVICE_SET_IRQS(110),
  VFIO_DEVICE_RESET(111),
  VFIO_DEVICE_FEATURE(117),
  VFIO_DEVICE_BIND_IOMMUFD(118),
  VFIO_DEVICE_ATTACH_IOMMUFD_PT(119),
  /** Of a data session. */
  VFIO_MIG_GET_PRECOPY_INFO(121),
  /** Of a container, like the three below. */
  VFIO_IOMMU_GET_INFO(112),
  VFIO_IOMMU_MAP_DMA(113),
  VFIO_IOMMU_UNMAP_DMA(114),
  VFIO_IOMMU_DIRTY_PAGES(117),
  /** Of iommufd, like all below. */
  IOMMU_DESTROY(0x80),
  IOMMU_IOAS_ALLOC(0x81),
  IOMMU_IOAS_MAP(0x85),
  IOMMU_IOAS_UNMAP(0x86),
  IOMMU_HWPT_ALLOC(0x89),
  IOMMU_GET_HW_INFO(0x8a),
  IOMMU_HWPT_SET_DIRTY_TRACKING(0x8b),
  IOMMU_HWPT_GET_DIRTY_BITMAP(0x8c);

  private static final int TYPE = ';' << 8;

  private final int request;

  Ioctl(int number) {
    request = TYPE | number;
  }

  /** Returns the request number for ioctl(2). */
  int request() {
    return request;
  }
}
