// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.setup;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What the server of a device reports of its use.
 *
 * @param vmm the VMM that uses it; empty if there is none
 * @param isHeld whether messages of the VMM wait
 * @param isStaged whether another server has passed on the VMM's connection, which is not served yet
 * @param isSurrendered whether the connection was surrendered to another server
 * @param maxHold how long messages of the VMM may wait before the device returns to RUNNING
 */
public record DeviceUse(Optional<Vmm> vmm, boolean isHeld, boolean isStaged, boolean isSurrendered,
    Duration maxHold) {

  /**
   * A VMM.
   *
   * @param token identifies its connection; 0 until it has negotiated a version
   * @param connectedSince when it connected
   * @param pid its process, 0 if unknown
   * @param mappings the number of its DMA mappings
   * @param mappedBytes the sum of their sizes
   * @param irqs the interrupts that it has enabled, bit n for index n
   */
  public record Vmm(long token, Instant connectedSince, int pid, int mappings, long mappedBytes, int irqs) {
  }
}
