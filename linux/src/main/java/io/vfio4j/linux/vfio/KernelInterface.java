// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

/** The interface through which a kernel device is opened. */
public enum KernelInterface {
  /** {@code /dev/vfio/N}, the file of its group, and a container with a type 1 IOMMU. */
  GROUP,
  /** Its own file in {@code /dev/vfio/devices} and iommufd; Linux 6.6 and later. */
  CDEV
}
