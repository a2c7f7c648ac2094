// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.Fd;

/**
 * A region whose memory the server shares.
 *
 * @param info the region
 * @param fd the memory, from offset {@code offset} on; owned by whoever has this object
 * @param offset where in the file the region begins, bytes
 */
public record MappedRegion(RegionInfo info, Fd fd, long offset) implements AutoCloseable {

  @Override
  public void close() {
    fd.close();
  }
}
