// SPDX-License-Identifier: Apache-2.0
/**
 * The VFIO migration protocol as values and rules: no I/O, no threads, no dependencies.
 *
 * <p>
 * Sources: {@code include/uapi/linux/vfio.h} of Linux 7.2 for version 2; for version 1 the thread "vfio:
 * Update/Clarify migration uAPI, add NDMA state" on the kvm mailing list, December 2021 to January 2022.
 */
@NullMarked
package io.vfio4j.model;

import org.jspecify.annotations.NullMarked;
