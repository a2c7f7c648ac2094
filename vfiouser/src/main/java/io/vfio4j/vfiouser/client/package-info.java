// SPDX-License-Identifier: Apache-2.0
/**
 * The client of a vfio-user server: {@link io.vfio4j.vfiouser.client.VfioUserClient}, a device that another
 * process serves.
 *
 * <p>
 * The threads of a client, and what they use:
 *
 * <pre>{@code
 * flowchart LR
 *   callers["callers' threads"] -- "lock, exchange" --> channel["ClientChannel (lock)"]
 *   dma["vfio-user-dma"] -- "between exchanges" --> channel
 *   channel <-- "commands and replies; without a twin also DMA_READ, DMA_WRITE" --> socket["socket"]
 *   channel -- "handleCommand" --> service["DmaAccessService"]
 *   service --> memory["ClientMemory"]
 *   twin["vfio-user-twin-dma"] <-- "DMA_READ, DMA_WRITE" --> twinSocket["twin socket"]
 *   twin --> memory
 *   watchdog["vfio-user-watchdog (one per process)"] -- "polls, shuts the socket down" --> channel
 * }</pre>
 *
 * <p>
 * A caller's thread holds the channel's lock for one exchange, and serves commands of the server that arrive
 * before its reply. {@code vfio-user-dma} starts with the first mapping of memory that is not shared, and
 * serves the commands that arrive while no exchange is in progress. With a twin socket
 * {@code vfio-user-twin-dma} serves all of them instead.
 */
@NullMarked
package io.vfio4j.vfiouser.client;

import org.jspecify.annotations.NullMarked;
