// SPDX-License-Identifier: Apache-2.0
<<<<<<< HEAD
/**
 * Emulated devices.
 *
 * <p>
 * {@link io.vfio4j.devices.ScratchDevice} is made for testing migration; {@link io.vfio4j.devices.ScratchLayout} says
 * how it is driven, {@link io.vfio4j.devices.Fault} what can be made to go wrong with it.
 */
=======
/** Emulated devices. */
>>>>>>> 7adec7d77b0e27dcb917cac8864603be989c56ae
@NullMarked
package io.vfio4j.devices;

import org.jspecify.annotations.NullMarked;
