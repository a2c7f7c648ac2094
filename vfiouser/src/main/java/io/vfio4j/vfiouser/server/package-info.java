// SPDX-License-Identifier: Apache-2.0
/**
 * The server: accepts clients, executes their commands, and does the device's DMA.
 *
 * <p>
 * {@code ConnectionAcceptor} admits clients to {@code VfioUserServer} or {@code MultiDeviceServer}.
 * {@code DeviceBackend} is a device with its mappings and interrupts ({@code DeviceContext});
 * {@code ServerConnection} is one client, whose commands {@code CommandTable} passes to the {@code *Commands}
 * classes.
 */
@NullMarked
package io.vfio4j.vfiouser.server;

import org.jspecify.annotations.NullMarked;
