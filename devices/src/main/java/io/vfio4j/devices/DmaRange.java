// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.util.function.LongSupplier;

/**
 * Where DMA of a device goes, as it is when it is asked. In the states without peer-to-peer DMA what may go to a
 * peer halts, and only that ({@link io.vfio4j.vfiouser.device.DmaMemory#mayBePeer}); so a device that says where its DMA goes
 * can go on with the rest.
 *
 * @param iova the first I/O virtual address
 * @param length bytes
 */
public record DmaRange(LongSupplier iova, LongSupplier length) {

  /** DMA that goes anywhere: it halts wherever there is a peer. */
  public static final DmaRange ANYWHERE = new DmaRange(() -> 0, () -> -1);
}
