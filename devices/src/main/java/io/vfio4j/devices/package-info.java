// SPDX-License-Identifier: Apache-2.0
/**
 * The API for emulated PCI devices. Start with {@link io.vfio4j.devices.PciDevice};
 * {@code docs/writing-a-device.md} is a worked example.
 */
@NullMarked
package io.vfio4j.devices;

import org.jspecify.annotations.NullMarked;
