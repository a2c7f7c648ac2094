// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import java.util.Optional;

/**
 * Facts about a VMM, which has sent its VERSION.
 *
 * @param mappings the number of its DMA mappings
 * @param mappedBytes the sum of their sizes
 * @param irqs bit n: interrupt index n is enabled
 */
record ParkedFacts(VmmConnection vmm, int mappings, long mappedBytes, int irqs) {

  /** Returns facts about the VMM of a backend; empty without one. On its thread. */
  static Optional<ParkedFacts> of(DeviceBackend backend) {
    DeviceContext context = backend.context();
    return backend.connection().map(vmm -> new ParkedFacts(vmm, context.dma().mappingCount(),
        context.dma().mappedBytes(), enabled(context)));
  }

  /** Returns the interrupt indexes that are enabled, as bits. */
  static int enabled(DeviceContext context) {
    int enabled = 0;
    for (int index = 0; index < Math.min(Integer.SIZE, context.irqs().indexes()); index++) {
      enabled |= context.irqs().isEnabled(index) ? 1 << index : 0;
    }
    return enabled;
  }
}
