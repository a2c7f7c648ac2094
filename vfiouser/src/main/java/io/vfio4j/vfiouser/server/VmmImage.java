// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.vfiouser.handover.ConnectionImage;
import java.util.Set;

/**
 * The connection of a VMM on its way between the device's thread and that of the parked VMM.
 *
 * @param image has descriptors of its own
 * @param mappedRegions the regions whose memory the VMM may have mapped
 */
record VmmImage(ConnectionImage image, Set<Integer> mappedRegions) implements AutoCloseable {

  VmmImage {
    mappedRegions = Set.copyOf(mappedRegions);
  }

  @Override
  public void close() {
    image.close();
  }
}
