// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.DmaMemory;

/**
 * Says which DMA may be started in which state.
 *
 * <p>
 * The states without peer-to-peer DMA stop what may go to a peer, and only that: a device all of whose mappings are
 * known to be host memory has no such traffic, and the states change nothing for it.
 */
final class DmaGate {

  private final DmaMemory bus;
  private boolean haltsAll;

  DmaGate(DmaMemory bus) {
    this.bus = bus;
  }

  /** Says whether the states without peer-to-peer DMA are to be without any. */
  void haltAll(boolean halt) {
    haltsAll = halt;
  }

  /** Tells whether DMA to a range may be started in a state. */
  boolean isOpen(DeviceState state, long iova, long length) {
    return state.isRunning()
        && (!state.isPeerQuiescent() || (!haltsAll && !bus.mayBePeer(iova, length)));
  }
}
