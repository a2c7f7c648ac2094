// SPDX-License-Identifier: Apache-2.0
/**
 * The vfio-user protocol, versions 0.0 to 0.2, over UNIX stream sockets.
 *
 * <p>
 * {@link io.vfio4j.vfiouser.server.VfioUserServer} serves an
 * {@link io.vfio4j.vfiouser.device.EmulatedDevice}; {@link io.vfio4j.vfiouser.client.VfioUserClient} drives a
 * served device.
 */
@NullMarked
package io.vfio4j.vfiouser;

import org.jspecify.annotations.NullMarked;
