// SPDX-License-Identifier: Apache-2.0
/**
 * Writing emulated PCI devices: {@link io.vfio4j.devices.PciDevice} is where to begin, and
 * {@code docs/writing-a-device.md} a worked example.
 */
@NullMarked
package io.vfio4j.devices;

import org.jspecify.annotations.NullMarked;
