// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

/**
 * How a kernel is beyond what all are.
 *
 * @param hasIommufd whether there is {@code /dev/iommu}
 * @param reportsReinit whether it knows {@code VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2}
 * @param endsPreCopyWithZero whether the end of the pre-copy data reads as 0, as mtty has it, instead of ENOMSG
 * @param hasDeviceLog whether the device keeps a log of its writes
 * @param hasDirtyPages whether the IOMMU or the container keeps one
 * @param isViable whether all devices of the group have VFIO drivers
 */
public record KernelProfile(boolean hasIommufd, boolean reportsReinit, boolean endsPreCopyWithZero,
    boolean hasDeviceLog,
    boolean hasDirtyPages, boolean isViable) {

  /** A kernel as of Linux 6.12, and a driver that does as the interface says. */
  public static final KernelProfile LINUX_6_12 = new KernelProfile(true, false, false, true, true, true);

  /** Returns the same without {@code /dev/iommu}. */
  public KernelProfile withoutIommufd() {
    return new KernelProfile(false, reportsReinit, endsPreCopyWithZero, hasDeviceLog, hasDirtyPages,
        isViable);
  }

  /** Returns the same with or without REINIT. */
  public KernelProfile reportsReinit(boolean other) {
    return new KernelProfile(hasIommufd, other, endsPreCopyWithZero, hasDeviceLog, hasDirtyPages, isViable);
  }

  /** Returns the same with another way to end pre-copy data. */
  public KernelProfile endsPreCopyWithZero(boolean other) {
    return new KernelProfile(hasIommufd, reportsReinit, other, hasDeviceLog, hasDirtyPages, isViable);
  }

  /** Returns the same with or without logs. */
  public KernelProfile withLogs(boolean ofDevice, boolean ofIommu) {
    return new KernelProfile(hasIommufd, reportsReinit, endsPreCopyWithZero, ofDevice, ofIommu, isViable);
  }

  /** Returns the same with a group that cannot be had. */
  public KernelProfile withoutViableGroup() {
    return new KernelProfile(hasIommufd, reportsReinit, endsPreCopyWithZero, hasDeviceLog, hasDirtyPages,
        false);
  }
}
