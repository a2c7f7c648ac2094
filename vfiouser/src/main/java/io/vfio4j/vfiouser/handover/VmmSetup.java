// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.handover;

import java.util.BitSet;
import java.util.List;

/**
 * What a VMM has set up at its device, as far as another must have it too in order to become the device's owner.
 *
 * @param mappings by address
 * @param vectors the interrupts that are enabled, by index (0 INTx, 1 MSI, 2 MSI-X)
 * @param falseEventFds the interrupts, as {@code index/vector}, whose descriptors are not eventfds
 */
public record VmmSetup(List<VmmMapping> mappings, List<BitSet> vectors, List<String> falseEventFds) {

  public VmmSetup {
    mappings = List.copyOf(mappings);
    vectors = List.copyOf(vectors);
    falseEventFds = List.copyOf(falseEventFds);
  }
}
