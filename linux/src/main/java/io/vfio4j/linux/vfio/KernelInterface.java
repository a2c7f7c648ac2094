// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

/** How a kernel device is opened. */
public enum KernelInterface {
  /** By {@code /dev/vfio/N}, the file of its group, and a container with a type 1 IOMMU. */
  GROUP,
  /** By a file of its own in {@code /dev/vfio/devices} and iommufd, Linux 6.6 and later. */
  CDEV
}
