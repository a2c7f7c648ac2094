// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.util.function.LongSupplier;

/**
 * The range that a device's DMA accesses, evaluated each time it is checked. The P2P states stop only DMA that may reach a
 * peer ({@link io.vfio4j.vfiouser.device.DmaMemory#mayBePeer}), so DMA with a declared range can continue in them.
 *
 * @param iova the first I/O virtual address
 * @param length the length in bytes
 */
public record DmaRange(LongSupplier iova, LongSupplier length) {

  /** The whole address space: such DMA stops in the P2P states if any mapping may be a peer. */
  public static final DmaRange ANYWHERE = new DmaRange(() -> 0, () -> -1);
}
