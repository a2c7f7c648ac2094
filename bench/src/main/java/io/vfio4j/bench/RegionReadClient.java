// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Repeatedly reads the scratch device's ID register. */
final class RegionReadClient {

  private static final int REGISTERS_BAR = 0;
  private static final int ID = 0x564a3453;

  private RegionReadClient() {
  }

  static Latency measure(VfioUserClient client, int warmup, int count) throws DeviceException {
    int[] took = new int[count];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment register = arena.allocate(ValueLayout.JAVA_INT);
      for (int i = -warmup; i < count; i++) {
        long began = System.nanoTime();
        client.readRegion(REGISTERS_BAR, 0, register);
        if (i >= 0) {
          took[i] = (int) (System.nanoTime() - began);
        }
      }
      if (register.get(ValueLayout.JAVA_INT, 0) != ID) {
        throw new IllegalStateException("this is not a scratch device");
      }
    }
    return Latency.of(took);
  }
}
