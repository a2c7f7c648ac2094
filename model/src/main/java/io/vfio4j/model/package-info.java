// SPDX-License-Identifier: Apache-2.0
/**
 * The VFIO migration protocol as values and rules: no I/O, no threads, no dependencies.
 *
 * <p>
 * Source: {@code include/uapi/linux/vfio.h} of Linux 7.2.
 */
@NullMarked
package io.vfio4j.model;

import org.jspecify.annotations.NullMarked;
