// SPDX-License-Identifier: Apache-2.0
/**
 * Emulated devices.
 *
 * <p>
 * {@link io.vfio4j.devices.ScratchDevice} is made for testing migration; {@link
 * io.vfio4j.devices.ScratchLayout} says how it is driven, {@link io.vfio4j.devices.Fault} what can be made to
 * go wrong with it.
 */
@NullMarked
package io.vfio4j.devices;

import org.jspecify.annotations.NullMarked;
