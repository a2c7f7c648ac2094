// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;

/** Mappings of a page each, which lie apart; one is missing in the middle, and is made and taken away again. */
final class DmaMapClient implements AutoCloseable {

  private static final int PAGE = 4096;

  private final VfioUserClient client;
  private final Fd memory;
  private final int missing;

  /**
   * Makes the mappings.
   *
   * @param live how many there are
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

  /** Returns how many times a second a mapping is made and taken away. */
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

  /** Takes all mappings away; with a server in C, by ending the connection. */
  @Override
  public void close() {
    client.close();
    memory.close();
  }
}
