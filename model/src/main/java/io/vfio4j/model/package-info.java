// SPDX-License-Identifier: Apache-2.0
<<<<<<< HEAD
/**
 * The VFIO migration protocol as values and rules: no I/O, no threads, no dependencies.
 *
 * <p>
 * Sources: {@code include/uapi/linux/vfio.h} of Linux 7.2.
 */
=======
/** Device states, arcs, paths and plans; what a migratable device is. No I/O. */
>>>>>>> 7adec7d77b0e27dcb917cac8864603be989c56ae
@NullMarked
package io.vfio4j.model;

import org.jspecify.annotations.NullMarked;
