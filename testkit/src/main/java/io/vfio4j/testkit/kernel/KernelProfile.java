// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

/**
 * The properties in which kernels differ.
 *
 * @param hasIommufd whether {@code /dev/iommu} exists
 * @param reportsReinit whether it supports {@code VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2}
 * @param endsPreCopyWithZero whether read returns 0 at the end of pre-copy data, as mtty does, instead of ENOMSG
 * @param hasDeviceLog whether the device has a DMA log
 * @param hasDirtyPages whether the IOMMU or the container tracks dirty pages
 * @param isViable whether all devices of the group have VFIO drivers
 */
public record KernelProfile(boolean hasIommufd, boolean reportsReinit, boolean endsPreCopyWithZero,
    boolean hasDeviceLog, boolean hasDirtyPages, boolean isViable) {

  /** Linux 6.12 with a driver that conforms to the interface. */
  public static final KernelProfile LINUX_6_12 = new KernelProfile(true, false, false, true, true, true);

  /** Returns this profile without {@code /dev/iommu}. */
  public KernelProfile withoutIommufd() {
    return new KernelProfile(false, reportsReinit, endsPreCopyWithZero, hasDeviceLog, hasDirtyPages,
        isViable);
  }

  /** Returns this profile with or without REINIT. */
  public KernelProfile reportsReinit(boolean other) {
    return new KernelProfile(hasIommufd, other, endsPreCopyWithZero, hasDeviceLog, hasDirtyPages, isViable);
  }

  /** Returns this profile with another end of pre-copy data. */
  public KernelProfile endsPreCopyWithZero(boolean other) {
    return new KernelProfile(hasIommufd, reportsReinit, other, hasDeviceLog, hasDirtyPages, isViable);
  }

  /** Returns this profile with or without the log of the device and that of the IOMMU. */
  public KernelProfile withLogs(boolean ofDevice, boolean ofIommu) {
    return new KernelProfile(hasIommufd, reportsReinit, endsPreCopyWithZero, ofDevice, ofIommu, isViable);
  }

  /** Returns this profile with a group that is not viable. */
  public KernelProfile withoutViableGroup() {
    return new KernelProfile(hasIommufd, reportsReinit, endsPreCopyWithZero, hasDeviceLog, hasDirtyPages,
        false);
  }
}
