// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What the server of a device says about its use, CONTROL_INFO.
 *
 * @param vmm the VMM that is connected, or whose connection is staged
 * @param isStaged whether that connection was passed on by another server, and is not served yet
 * @param isHeld whether messages of the VMM wait
 * @param isSurrendered whether the device does not return to RUNNING by itself
 * @param maxHold how long messages may wait before it does
 * @param mappedRegions the regions whose memory the VMM has, and may have mapped: bit n for region n, bit 63 for all
 *     from 63 on
 * @param server a random number that identifies this run of the server
 */
public record ControlInfo(Optional<Vmm> vmm, boolean isStaged, boolean isHeld, boolean isSurrendered,
    Duration maxHold, long mappedRegions, long server) {

  /**
   * A VMM that uses the device.
   *
   * @param token identifies its connection at all servers that have it; 0 before its VERSION
   * @param connectedSince when it connected to the first of them
   * @param pid its process
   * @param uid its user
   * @param mappings the number of its DMA mappings
   * @param mappedBytes the sum of their sizes
   * @param irqs the interrupts that it has enabled, bit n for index n (0 INTx, 1 MSI, 2 MSI-X)
   */
  public record Vmm(long token, Instant connectedSince, int pid, int uid, int mappings, long mappedBytes,
      int irqs) {

    /** Returns whether an interrupt of an index is enabled. */
    public boolean isEnabled(int index) {
      return (irqs >>> index & 1) != 0;
    }
  }

  /** Returns the token of the connection; 0 without a VMM. */
  public long token() {
    return vmm.map(Vmm::token).orElse(0L);
  }
}
