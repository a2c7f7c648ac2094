// SPDX-License-Identifier: Apache-2.0
/**
 * Messages of the protocol, for both ends: their declarations ({@code Command}, {@code DeviceFeature},
 * {@code Extension}, {@code Structs}), and how they are received ({@code MessageReader}), sent
 * ({@code MessageSender}) and carried ({@code MessageTransport}). Not exported.
 */
@NullMarked
package io.vfio4j.vfiouser.wire;

import org.jspecify.annotations.NullMarked;
