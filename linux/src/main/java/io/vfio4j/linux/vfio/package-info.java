// SPDX-License-Identifier: Apache-2.0
/**
 * The kernel's VFIO devices: found through sysfs, opened through a group and its container or through their
 * own files and iommufd, and used as {@link io.vfio4j.model.MigratableDevice}s.
 *
 * <p>
 * Sources: uapi/linux/vfio.h and uapi/linux/iommufd.h. Structs and numbers are those of x86-64 and arm64,
 * which are the same; a test compares them with the headers of the machine.
 */
@NullMarked
package io.vfio4j.linux.vfio;

import org.jspecify.annotations.NullMarked;
