// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.dma.DmaTable;
import io.vfio4j.vfiouser.irq.IrqTable;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A served device with its memory and interrupts: what a connection and its handlers know of the server.
 * There is one for all clients of a device, created by {@link DeviceBackend}; state that outlives a
 * connection belongs here. Used on the device's thread.
 *
 * @param device the device, as its clients see it
 * @param dma the client's mappings; empty between clients
 * @param irqs the client's interrupts; none enabled between clients
 * @param options how it is served
 * @param clock the time of the device, in nanoseconds
 * @param hold which messages of the VMM wait
 * @param control calls the thread to the control socket, if there is one
 */
record DeviceContext(EmulatedDevice device, DmaTable dma, IrqTable irqs, ServerOptions options,
    LongSupplier clock, Hold hold, @Nullable Summons control) {
}
