// SPDX-License-Identifier: Apache-2.0
/**
 * The scratch device, made for testing migration: {@link io.vfio4j.devices.scratch.ScratchLayout} says how it
 * is driven, {@link io.vfio4j.devices.scratch.Fault} what can be made to go wrong with it.
 */
@NullMarked
package io.vfio4j.devices.scratch;

import org.jspecify.annotations.NullMarked;
