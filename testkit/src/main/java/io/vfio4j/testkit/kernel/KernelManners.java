// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

/**
 * How a kernel is beyond what all are.
 *
 * @param hasIommufd whether there is {@code /dev/iommu}
 * @param tellsReinit whether it knows {@code VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2}
 * @param endsByZero whether the end of the pre-copy data reads as 0, as mtty has it, instead of ENOMSG
 * @param hasDeviceLog whether the device keeps a log of its writes
 * @param hasDirtyPages whether the IOMMU or the container keeps one
 * @param isViable whether all devices of the group have VFIO drivers
 */
public record KernelManners(boolean hasIommufd, boolean tellsReinit, boolean endsByZero, boolean hasDeviceLog,
    boolean hasDirtyPages, boolean isViable) {

  /** A kernel as of Linux 6.12, and a driver that does as the interface says. */
  public static final KernelManners LINUX_6_12 = new KernelManners(true, false, false, true, true, true);

  /** Returns the same without {@code /dev/iommu}. */
  public KernelManners withoutIommufd() {
    return new KernelManners(false, tellsReinit, endsByZero, hasDeviceLog, hasDirtyPages, isViable);
  }

  /** Returns the same with or without REINIT. */
  public KernelManners tellsReinit(boolean other) {
    return new KernelManners(hasIommufd, other, endsByZero, hasDeviceLog, hasDirtyPages, isViable);
  }

  /** Returns the same with another way to end pre-copy data. */
  public KernelManners endsByZero(boolean other) {
    return new KernelManners(hasIommufd, tellsReinit, other, hasDeviceLog, hasDirtyPages, isViable);
  }

  /** Returns the same with or without logs. */
  public KernelManners logs(boolean ofDevice, boolean ofIommu) {
    return new KernelManners(hasIommufd, tellsReinit, endsByZero, ofDevice, ofIommu, isViable);
  }

  /** Returns the same with a group that cannot be had. */
  public KernelManners notViable() {
    return new KernelManners(hasIommufd, tellsReinit, endsByZero, hasDeviceLog, hasDirtyPages, false);
  }
}
