// SPDX-License-Identifier: Apache-2.0
/**
 * The scratch device, designed for testing migration: {@link io.vfio4j.devices.scratch.ScratchLayout} describes its
 * registers, {@link io.vfio4j.devices.scratch.Fault} the faults that it can simulate.
 */
@NullMarked
package io.vfio4j.devices.scratch;

import org.jspecify.annotations.NullMarked;
