// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;

/** Mappings of one page each, with gaps between them; one in the middle is repeatedly mapped and unmapped. */
final class DmaMapClient implements AutoCloseable {

  private static final int PAGE = 4096;

  private final VfioUserClient client;
  private final Fd memory;
  private final int missing;

  /**
   * Creates the mappings.
   *
   * @param live the number of mappings
   */
  DmaMapClient(VfioUserClient client, int live) throws IOException {
    this.client = client;
    this.missing = live / 2;
    this.memory = Memfd.create("guest", (live + 1L) * PAGE);
    for (int page = 0; page <= live; page++) {
      if (page != missing) {
        map(page);
      }
    }
  }

  private void map(int page) throws DeviceException {
    client.dma().map(range(page), memory, (long) page * PAGE, true);
  }

  private static IovaRange range(int page) {
    return new IovaRange(2L * page * PAGE, PAGE);
  }

  /** Returns how many times per second a mapping is created and removed. */
  double pairsPerSecond(int warmUp, int pairs) throws DeviceException {
    pairs(warmUp);
    long began = System.nanoTime();
    pairs(pairs);
    return pairs * 1e9 / (System.nanoTime() - began);
  }

  private void pairs(int count) throws DeviceException {
    for (int i = 0; i < count; i++) {
      map(missing);
      client.dma().unmap(range(missing));
    }
  }

  /** Removes all mappings; with a C server, by disconnecting. */
  @Override
  public void close() {
    client.close();
    memory.close();
  }
}
