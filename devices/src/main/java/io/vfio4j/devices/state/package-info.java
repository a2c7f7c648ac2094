// SPDX-License-Identifier: Apache-2.0
/**
 * The saved state of a device: its format, its data sessions, and which pages are still to be sent. Not exported.
 * Confined to the device's thread.
 */
@NullMarked
package io.vfio4j.devices.state;

import org.jspecify.annotations.NullMarked;
